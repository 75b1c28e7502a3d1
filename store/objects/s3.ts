import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { ObjectStoreConfig } from '../../config.js';
import type { ObjectStore } from '../objects.js';
import { checkKey, checkPrefix } from './key.js';

type S3Config = Extract<ObjectStoreConfig, { kind: 's3' }>;

const MOST_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;

/** Any server that speaks S3, addressed by path. The bucket is made when it is missing. */
export function openS3(config: S3Config): ObjectStore {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = config;
  const client = new S3Client({
    region,
    ...(endpoint && { endpoint }),
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1, // `attempt` retries the whole, bodies included, which the client cannot rewind
    requestChecksumCalculation: 'WHEN_REQUIRED', // not every server understands trailing checksums
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000 },
  });
  let bucketReady: Promise<void> | undefined;
  const ready = () =>
    (bucketReady ??= ensureBucket(client, bucket).catch((error: unknown) => {
      bucketReady = undefined; // asked again by the next call
      throw error;
    }));
  const attempt = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await withRetries(async () => {
        await ready();
        return work();
      });
    } catch (error) {
      throw statusOf(error) === 404 || statusOf(error) === 412 ? error : explain(error, config, key);
    }
  };
  const at = (key: string) => ({ Bucket: bucket, Key: checkKey(key) });

  return {
    get: (key) =>
      attempt(key, async () => {
        const { Body } = await client.send(new GetObjectCommand(at(key)));
        return Body && Buffer.from(await Body.transformToByteArray());
      }).catch(undefinedAt404),
    put: (key, body, { ifAbsent } = {}) =>
      attempt(key, async () => {
        await client.send(new PutObjectCommand({ ...at(key), Body: body, ...(ifAbsent && { IfNoneMatch: '*' }) }));
        return 'stored' as const;
      }).catch((error: unknown) => {
        if (ifAbsent && statusOf(error) === 412) return 'exists' as const;
        throw error;
      }),
    putFile: (key, path) =>
      attempt(key, async () => {
        const { size } = await stat(path);
        await client.send(new PutObjectCommand({ ...at(key), Body: createReadStream(path), ContentLength: size }));
      }),
    getToFile: (key, path) =>
      attempt(key, async () => {
        const { Body } = await client.send(new GetObjectCommand(at(key)));
        if (!(Body instanceof Readable)) throw new Error(`the object ${key} came without a body`);
        await pipeline(Body, createWriteStream(path));
      }),
    list: (prefix) => attempt(prefix, () => listAll(client, bucket, checkPrefix(prefix))),
    delete: (key) => attempt(key, async () => void (await client.send(new DeleteObjectCommand(at(key))))).catch(undefinedAt404),
    locate: (key) => `s3://${bucket}/${checkKey(key)}`,
  };
}

async function listAll(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(next && { ContinuationToken: next }) }));
    for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key);
    next = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (next);
  return keys.sort();
}

async function ensureBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((refused: unknown) => {
      if (statusOf(refused) !== 409) throw refused; // 409: somebody else has just made it
    });
  }
}

/** What the network or a busy server did is tried again; what the server refused is not. 409: a conditional write is under way. */
async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work();
    } catch (error) {
      const status = statusOf(error);
      const isPassing = status === undefined ? !(error instanceof RangeError) : status >= 500 || [408, 409, 429].includes(status);
      if (!isPassing || attempts === MOST_ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (attempts - 1));
    }
  }
}

function undefinedAt404(error: unknown): undefined {
  if (statusOf(error) === 404) return undefined;
  throw error;
}

function explain(cause: unknown, { bucket, endpoint }: S3Config, key: string): unknown {
  if (cause instanceof RangeError) return cause;
  const status = statusOf(cause);
  const where = `the bucket ${bucket} at ${endpoint ?? 'AWS'}`;
  const what =
    status === 403 || status === 401
      ? `${where} refuses these keys: see S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY`
      : `${where} cannot be used`;
  return new Error(`${what} (${key ? `at ${key}: ` : ''}${describe(cause)})`, { cause });
}

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
