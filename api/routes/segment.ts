import { randomUUID } from 'node:crypto';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { MAX_BATCH_BYTES, MAX_EVENT_BYTES, readMessage, rejectOversized, type Intake, type MessageType } from '../../core/event/intake.js';
import type { Database } from '../../db/client.js';
import { ingestEvents } from '../../db/queries/events.js';
import { RequestProblem } from '../errors.js';
import { describeSegmentOperations } from '../segment-operations.js';
import { createRateLimiter, type RateLimits } from '../rate-limits.js';
import { endUnreadConnection, readRawBody } from '../raw-body.js';
import { requestState, step } from '../requests.js';
import { createWriteKeys, unauthorized, type Sender, type WriteKeys } from '../write-keys.js';

export type SegmentDependencies = {
  readonly database: Database;
  readonly now?: () => number;
  /** How long a body may take to arrive. */
  readonly bodyTimeoutMs?: number;
  /** How many requests may be at work at once; one more is asked to come again in a second. */
  readonly maxAtWork?: number;
  /** Of addresses that send unknown keys; who has a key is only held by `maxAtWork`. */
  readonly rateLimits?: RateLimits;
};

/** The path of each kind of message; browsers' analytics.js shortens it to the first letter. */
const ROUTES: readonly { readonly path: string; readonly short: string; readonly type?: MessageType }[] = [
  { path: 'batch', short: 'b' },
  { path: 'track', short: 't', type: 'track' },
  { path: 'identify', short: 'i', type: 'identify' },
  { path: 'page', short: 'p', type: 'page' },
  { path: 'screen', short: 's', type: 'screen' },
  { path: 'group', short: 'g', type: 'group' },
  { path: 'alias', short: 'a', type: 'alias' },
];

const MOST_MESSAGES = 5_000;
const LINGER_MS = 2_000;

/**
 * Segment's HTTP API, so that its official clients work unchanged. They send again what is answered 408, 429 or 5xx, and give
 * up on any other refusal; so 200 is said only after commit, and what can never succeed is never answered with the former.
 */
export function createSegmentRoutes(dependencies: SegmentDependencies) {
  const { database, now = Date.now, bodyTimeoutMs = 10_000, maxAtWork = 256 } = dependencies;
  const keys = createWriteKeys(database);
  const countRefusal = createRateLimiter(dependencies.rateLimits);
  const router = Router({ caseSensitive: true });
  let atWork = 0;

  for (const { path, short, type } of ROUTES) {
    router.all([`/v1/${path}`, `/v1/${short}`], async (request, response) => {
      requestState(request).route = `/v1/${path}`;
      response.set('Access-Control-Allow-Origin', '*'); // the key says who sends, the page does not
      if (request.method !== 'POST') return answerOtherMethod(request, response);
      response.once('finish', () => endUnreadConnection(request, LINGER_MS));
      if (atWork >= maxAtWork) {
        throw new RequestProblem('rate_limited', 'too much is at work; try again in a second', {
          headers: { 'Retry-After': '1', Connection: 'close' },
        });
      }
      atWork += 1;
      try {
        await receive({ database, keys, countRefusal, now, bodyTimeoutMs }, request, response, type);
      } finally {
        atWork -= 1;
      }
    });
  }
  return { router, operations: describeSegmentOperations() };
}

function answerOtherMethod(request: Request, response: Response): void {
  const allowed = { Allow: 'POST, OPTIONS' };
  if (request.method !== 'OPTIONS')
    throw new RequestProblem('method_not_allowed', `${request.method} is not allowed here; POST is`, { headers: allowed });
  response
    .status(204)
    .set({
      ...allowed,
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': 'authorization, content-type, content-encoding, x-retry-count',
      'Access-Control-Max-Age': '86400',
    })
    .end();
}

type Receiving = Required<Pick<SegmentDependencies, 'database' | 'now' | 'bodyTimeoutMs'>> & Admission;
type Admission = { readonly keys: WriteKeys; readonly countRefusal: RequestHandler };

async function receive(receiving: Receiving, request: Request, response: Response, type?: MessageType): Promise<void> {
  const { database, now, bodyTimeoutMs } = receiving;
  const headerKey = basicAuthUser(request);
  const known = headerKey === undefined ? undefined : await admit(receiving, headerKey, request, response);
  const body = await readRawBody(request, { maxBytes: MAX_BATCH_BYTES, timeoutMs: bodyTimeoutMs });
  const receivedMs = now();
  const content = parseBody(body);
  const sender = known ?? (await admit(receiving, keyIn(content), request, response));
  const intakes = readMessages(content, body.length, { receivedMs, currency: sender.currency }, type);

  const accepted = intakes.filter((intake) => intake.kind === 'event');
  const rejected = intakes.filter((intake) => intake.kind === 'rejected');
  const counts = await ingestEvents(database, sender.holder.tenantId, { accepted, rejected });
  response.json({ success: true, ...counts, ...(rejected.length > 0 && { rejections: rejectionsOf(intakes) }) });
}

/** Whose key it is; also told to the log, which names keys by their id. An unknown key is counted against its address. */
async function admit({ keys, countRefusal }: Admission, key: string, request: Request, response: Response): Promise<Sender> {
  try {
    const sender = await keys.find(key);
    requestState(request).holder = sender.holder;
    return sender;
  } catch (refusal) {
    if (refusal instanceof RequestProblem) await step(countRefusal, request, response);
    throw refusal;
  }
}

/** The user name of Basic authentication: the write key. The password is empty in Segment's protocol, and not looked at. */
function basicAuthUser(request: Request): string | undefined {
  const encoded = /^Basic +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString().split(':', 1)[0];
}

type Json = Readonly<Record<string, unknown>>;

function parseBody(body: Buffer): Json {
  let content: unknown;
  try {
    content = JSON.parse(body.toString().replace(/^\ufeff/, ''));
  } catch {
    throw new RequestProblem('invalid', 'the body is not JSON');
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new RequestProblem('invalid', 'the body must be a JSON object');
  return content as Json;
}

function keyIn({ writeKey }: Json): string {
  if (typeof writeKey === 'string') return writeKey;
  throw unauthorized('send a write key as the user name of Basic authentication, or as writeKey in the body');
}

type Reading = { readonly receivedMs: number; readonly currency: string };

function readMessages(content: Json, bodyBytes: number, reading: Reading, type?: MessageType): readonly Intake[] {
  const context = { ...reading, newMessageId: randomUUID };
  const read = (message: unknown): Intake =>
    (bodyBytes > MAX_EVENT_BYTES ? rejectOversized(message) : undefined) ?? readMessage(message, batchContext, type);
  const batchContext = type ? context : { ...context, batchSentAt: content.sentAt };
  if (type) return [read(content)];
  const { batch } = content;
  if (!Array.isArray(batch)) throw new RequestProblem('invalid', 'batch must be an array of messages');
  if (batch.length > MOST_MESSAGES) throw new RequestProblem('too_large', `a batch holds at most ${MOST_MESSAGES} messages`);
  return batch.map(read);
}

const MOST_TOLD = 20;

function rejectionsOf(intakes: readonly Intake[]): readonly object[] {
  return intakes
    .flatMap((intake, index) =>
      intake.kind === 'rejected'
        ? [{ index, ...(intake.messageId !== undefined && { message_id: intake.messageId }), reason: intake.reason }]
        : [],
    )
    .slice(0, MOST_TOLD);
}
