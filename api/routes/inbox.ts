import type { Request } from 'express';
import { DomainError } from '../../core/errors.js';
import { inboxMarks, type InboxMark } from '../../core/inbox/item.js';
import type { Database } from '../../db/client.js';
import { markInbox, readInbox, readInboxItem } from '../../db/queries/inbox.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { RequestProblem } from '../errors.js';
import { countsBody, itemBody } from '../inbox/fields.js';
import { describeInboxOperations, ItemParams, ListQuery, marksOfMany, UpTo } from '../inbox/operations.js';
import type { InboxStreams } from '../inbox/streams.js';
import { requireValid } from '../route.js';
import { createSubscriberRouter, parsedBody, type SubscriberHandler, type SubscriberRouting } from '../subscriber-router.js';

export type InboxDependencies = SubscriberRouting & {
  readonly database: Pick<Database, 'pool'>;
  readonly streams: InboxStreams;
};

/** A user's inbox, for pages and apps that show it. */
export function createInboxRoutes({ database, streams, ...routing }: InboxDependencies) {
  const { router, serve, bodyOf } = createSubscriberRouter(routing, { maxBodyBytes: 1_024 });
  serve('/v1/inbox', { GET: list(database), HEAD: list(database) });
  serve('/v1/inbox/stream', {
    GET: async (subscriber, request, response) => streams.open(subscriber, lastEventId(request), response),
  });
  for (const mark of inboxMarks) {
    serve(`/v1/inbox/:item/${mark}`, {
      async POST(subscriber, request, response) {
        await bodyOf(request);
        const item = Number(requireValid('path', ItemParams, request.params).item);
        await markInbox(database, subscriber, { mark, from: item, to: item, at: new Date(routing.now()) });
        const found = await readInboxItem(database, subscriber, item);
        if (!found.item) throw new DomainError('not_found', 'this inbox has no such item');
        response.json({ item: itemBody(found.item), counts: countsBody(found.counts) });
      },
    });
  }
  for (const mark of marksOfMany) serve(`/v1/inbox/${mark}`, { POST: markUpTo(mark, { database, bodyOf, now: routing.now }) });
  return { router, operations: describeInboxOperations() };
}

const list =
  (database: Pick<Database, 'pool'>): SubscriberHandler =>
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
  (mark: InboxMark, { database, bodyOf, now }: Marking & { readonly database: Pick<Database, 'pool'> }): SubscriberHandler =>
  async (subscriber, request, response) => {
    const { up_to: to } = requireValid('body', UpTo, parsedBody(await bodyOf(request)));
    const changed = await markInbox(database, subscriber, { mark, from: 1, to, at: new Date(now()) });
    const { counts } = await readInboxItem(database, subscriber, to);
    response.json({ changed, counts: countsBody(counts) });
  };

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
