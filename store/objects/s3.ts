import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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
import { checkKey } from './key.js';

type S3Config = Extract<ObjectStoreConfig, { kind: 's3' }>;

/** Any server that speaks S3, addressed by path. The bucket is made when it is missing. */
export function openS3({ bucket, region, endpoint, accessKeyId, secretAccessKey }: S3Config): ObjectStore {
  const client = new S3Client({
    region,
    ...(endpoint && { endpoint }),
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 5,
  });
  let bucketReady: Promise<void> | undefined;
  const at = async (key: string) => {
    checkKey(key);
    bucketReady ??= ensureBucket(client, bucket).catch((error: unknown) => {
      bucketReady = undefined; // asked again by the next call
      throw error;
    });
    await bucketReady;
    return { Bucket: bucket, Key: key };
  };
  const read = async (key: string) => (await client.send(new GetObjectCommand(await at(key)))).Body;

  return {
    async get(key) {
      try {
        const body = await read(key);
        return body && Buffer.from(await body.transformToByteArray());
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async put(key, body, { ifAbsent } = {}) {
      try {
        await client.send(new PutObjectCommand({ ...(await at(key)), Body: body, ...(ifAbsent && { IfNoneMatch: '*' }) }));
        return 'stored';
      } catch (error) {
        if (ifAbsent && (statusOf(error) === 412 || statusOf(error) === 409)) return 'exists';
        throw error;
      }
    },
    async putFile(key, path) {
      const { size } = await stat(path);
      await client.send(new PutObjectCommand({ ...(await at(key)), Body: createReadStream(path), ContentLength: size }));
    },
    async getToFile(key, path) {
      const body = await read(key);
      if (!(body instanceof Readable)) throw new Error(`the object ${key} came without a body`);
      const unfinished = `${path}.unfinished`;
      try {
        await pipeline(body, createWriteStream(unfinished));
        await rename(unfinished, path);
      } finally {
        await rm(unfinished, { force: true });
      }
    },
    async list(prefix) {
      await at('any');
      const keys: string[] = [];
      let next: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(next && { ContinuationToken: next }) }),
        );
        for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key);
        next = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (next);
      return keys;
    },
    delete: async (key) => void (await client.send(new DeleteObjectCommand(await at(key)))),
    locate: (key) => `s3://${bucket}/${key}`,
  };
}

async function ensureBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (statusOf(error) !== 404) throw new Error(`the bucket ${bucket} cannot be used: ${describe(error)}`, { cause: error });
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    } catch (refused) {
      if (statusOf(refused) !== 409) throw refused; // 409: somebody else has just made it
    }
  }
}

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);

const describe = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error));
