import { Router, type Request, type Response } from 'express';
import { DomainError } from '../../core/errors.js';
import { inboxMarks, type InboxMark } from '../../core/inbox/item.js';
import type { Subscriber } from '../../core/inbox/subscriber-token.js';
import type { Database } from '../../db/client.js';
import { markInbox, readInbox, readInboxItem } from '../../db/queries/inbox.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { RequestProblem } from '../errors.js';
import { countsBody, itemBody } from '../inbox/fields.js';
import { describeInboxOperations, ItemParams, ListQuery, marksOfMany, UpTo } from '../inbox/operations.js';
import type { InboxStreams } from '../inbox/streams.js';
import { createRateLimiter, type RateLimits } from '../rate-limits.js';
import { readRawBody } from '../raw-body.js';
import { requestState } from '../requests.js';
import { requireValid } from '../route.js';
import { admitSubscriber, type SubscriberAdmission } from '../subscribers.js';

export type InboxDependencies = Omit<SubscriberAdmission, 'rateLimiter'> & {
  readonly database: Pick<Database, 'pool'>;
  readonly streams: InboxStreams;
  readonly rateLimits?: RateLimits | undefined;
  /** How long a body may take to arrive. */
  readonly bodyTimeoutMs?: number;
};

type Handler = (subscriber: Subscriber, request: Request, response: Response) => Promise<void>;

const MAX_BODY_BYTES = 1_024;

/**
 * A user's inbox, for pages and apps that show it from any site: the token says whose it is, and no address, cookie or body does.
 */
export function createInboxRoutes({ database, streams, rateLimits, bodyTimeoutMs = 10_000, ...tokens }: InboxDependencies) {
  const admission = { ...tokens, rateLimiter: createRateLimiter(rateLimits) };
  const router = Router({ caseSensitive: true });
  const serve = (methods: readonly string[], path: string, handler: Handler): void => {
    router.all(path, async (request, response) => {
      requestState(request).route = path.replace(/:(\w+)/g, '{$1}');
      response.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-Request-Id, Retry-After' });
      if (!methods.includes(request.method)) return answerOtherMethod(methods, request, response);
      await handler(await admitSubscriber(admission, request, response), request, response);
    });
  };
  const bodyOf = (request: Request) => readRawBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs });

  serve(['GET', 'HEAD'], '/v1/inbox', list(database));
  serve(['GET'], '/v1/inbox/stream', async (subscriber, request, response) => streams.open(subscriber, lastEventId(request), response));
  for (const mark of inboxMarks) {
    serve(['POST'], `/v1/inbox/:item/${mark}`, async (subscriber, request, response) => {
      await bodyOf(request);
      const item = Number(requireValid('path', ItemParams, request.params).item);
      await markInbox(database, subscriber, { mark, from: item, to: item, at: new Date(tokens.now()) });
      const found = await readInboxItem(database, subscriber, item);
      if (!found.item) throw new DomainError('not_found', 'this inbox has no such item');
      response.json({ item: itemBody(found.item), counts: countsBody(found.counts) });
    });
  }
  for (const mark of marksOfMany) serve(['POST'], `/v1/inbox/${mark}`, markUpTo(mark, { database, bodyOf, now: tokens.now }));
  return { router, operations: describeInboxOperations() };
}

function answerOtherMethod(methods: readonly string[], request: Request, response: Response): void {
  const allowed = { Allow: [...methods, 'OPTIONS'].join(', ') };
  if (request.method !== 'OPTIONS') {
    throw new RequestProblem('method_not_allowed', `${request.method} is not allowed here; ${methods.join(' and ')} is`, {
      headers: allowed,
    });
  }
  response
    .status(204)
    .set({
      ...allowed,
      'Access-Control-Allow-Methods': methods.join(', '),
      'Access-Control-Allow-Headers': 'authorization, content-type, last-event-id, x-request-id',
      'Access-Control-Max-Age': '86400',
    })
    .end();
}

const list =
  (database: Pick<Database, 'pool'>): Handler =>
  async (subscriber, request, response) => {
    const { filter, limit, cursor } = requireValid('query', ListQuery, request.query);
    const name = `inbox ${filter}`;
    const before = cursor === undefined ? undefined : decodeCursor(name, cursor, itemNumber);
    const page = await readInbox(database, subscriber, { filter, before, limit: limit + 1 });
    const { items, next_cursor } = cutPage(name, page.items, limit, ({ seq }) => String(seq));
    response.json({ items: items.map(itemBody), counts: countsBody(page), last_item: page.lastSeq, next_cursor });
  };

type Marking = { readonly bodyOf: (request: Request) => Promise<Buffer>; readonly now: () => number };

const markUpTo =
  (mark: InboxMark, { database, bodyOf, now }: Marking & { readonly database: Pick<Database, 'pool'> }): Handler =>
  async (subscriber, request, response) => {
    const { up_to: to } = requireValid('body', UpTo, parsed(await bodyOf(request)));
    const changed = await markInbox(database, subscriber, { mark, from: 1, to, at: new Date(now()) });
    const { counts } = await readInboxItem(database, subscriber, to);
    response.json({ changed, counts: countsBody(counts) });
  };

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new RequestProblem('invalid', 'the body is not JSON');
  }
}

function itemNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RangeError('not the number of an item');
  return Number(text);
}

/** Behind which item a reader goes on. Nothing where they have not been here. */
function lastEventId(request: Request): number | undefined {
  const text = request.get('last-event-id')?.trim() ?? '';
  if (text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const message = 'the id of an event of this stream is expected';
  throw new RequestProblem('invalid', `headers last-event-id: ${message}`, { faults: [{ in: 'headers', path: 'last-event-id', message }] });
}
