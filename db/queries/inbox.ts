import type { TenantId, UserId } from '../../core/ids.js';
import type { InboxCounts, InboxFilter, InboxItem, InboxMark } from '../../core/inbox/item.js';
import type { InAppMessage } from '../../core/message/in-app.js';
import type { Database } from '../client.js';
import type { BegunMessage } from './send-ledger.js';

type Pool = Pick<Database, 'pool'>;
export type InboxOf = { readonly tenantId: TenantId; readonly userId: UserId };

export type Delivery = {
  readonly callId: string;
  readonly items: readonly (InAppMessage & { readonly messageId: number })[];
  readonly addressKey: Buffer;
  readonly at: Date;
};

/**
 * Puts the messages of a call into their users' inboxes, and gives what has become of each: all of it happens or nothing, and doing it
 * again changes nothing. Nothing: another worker has taken the messages over.
 */
export async function deliverToInboxes(
  { pool }: Pool,
  tenantId: TenantId,
  delivery: Delivery,
): Promise<readonly BegunMessage[] | undefined> {
  const { callId, items, addressKey, at } = delivery;
  const rows = items.map(({ messageId, title, body, actionUrl, data }) => [messageId, title, body, actionUrl ?? null, data ?? {}]);
  const delivered = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from deliver_to_inboxes($1, $2, $3, $4, $5)`,
    [tenantId, callId, JSON.stringify(rows), addressKey, at],
  );
  return delivered.rows.length === 0 ? undefined : delivered.rows;
}

export type InboxState = InboxCounts & { readonly lastSeq: number };
export type InboxPage = InboxState & { readonly items: readonly InboxItem[] };

/** Items of one user, the newest first, before the item `before`; items and counts are of the same moment. */
export async function readInbox(
  { pool }: Pool,
  { tenantId, userId }: InboxOf,
  { filter, before, limit }: { readonly filter: InboxFilter; readonly before: number | undefined; readonly limit: number },
): Promise<InboxPage> {
  const { rows } = await pool.query<StateRow>(
    `select unseen, unread, total, last_seq::float8 as "lastSeq", item from read_inbox($1, $2, $3, $4, $5)`,
    [tenantId, userId, filter, before ?? null, limit],
  );
  return pageOf(rows);
}

/** What has been added behind what each of some users has seen, the oldest first, up to `most` each: one page for each, in their order. */
export async function readInboxNews(
  { pool }: Pool,
  tenantId: TenantId,
  readers: readonly { readonly userId: UserId; readonly after: number }[],
  most: number,
): Promise<readonly InboxPage[]> {
  const { rows } = await pool.query<StateRow & { nth: number }>(
    `select nth, unseen, unread, total, last_seq::float8 as "lastSeq", item from read_inbox_news($1, $2, $3, $4)`,
    [tenantId, readers.map(({ userId }) => userId), readers.map(({ after }) => after), most],
  );
  const pages = readers.map((): StateRow[] => []);
  for (const row of rows) pages[row.nth - 1]?.push(row);
  return pages.map(pageOf);
}

/** One item of a user, where they have it, and their counts. */
export async function readInboxItem(
  database: Pool,
  { tenantId, userId }: InboxOf,
  seq: number,
): Promise<{ readonly item: InboxItem | undefined; readonly counts: InboxCounts }> {
  const [page = pageOf([])] = await readInboxNews(database, tenantId, [{ userId, after: seq - 1 }], 1);
  const { items, lastSeq: _, ...counts } = page;
  return { item: items.find((item) => item.seq === seq), counts };
}

/** How many items are marked at a time: each is a row of the ledger that is locked meanwhile. */
const MARKED_AT_ONCE = 500;

export type Marking = { readonly mark: InboxMark; readonly from: number; readonly to: number; readonly at: Date };

/** Notes what a user did with their items `from` to `to`. What was noted before stays as it is. Gives how many items changed. */
export async function markInbox({ pool }: Pool, { tenantId, userId }: InboxOf, { mark, from, to, at }: Marking): Promise<number> {
  let total = 0;
  for (;;) {
    const { rows } = await pool.query<{ marked: number }>('select mark_inbox($1, $2, $3, $4, $5, $6, $7) as marked', [
      tenantId,
      userId,
      mark,
      from,
      to,
      MARKED_AT_ONCE,
      at,
    ]);
    const marked = rows[0]?.marked ?? 0;
    total += marked;
    if (marked < MARKED_AT_ONCE) return total;
  }
}

type StateRow = InboxState & { readonly item: ItemRow | null };
type ItemRow = {
  readonly seq: number;
  readonly title: string;
  readonly body: string;
  readonly action_url: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly created_at: string;
  readonly seen_at: string | null;
  readonly read_at: string | null;
  readonly interacted_at: string | null;
  readonly archived_at: string | null;
};

function pageOf(rows: readonly StateRow[]): InboxPage {
  const { unseen = 0, unread = 0, total = 0, lastSeq = 0 } = rows[0] ?? {};
  return { unseen, unread, total, lastSeq, items: rows.flatMap(({ item }) => (item ? [itemOf(item)] : [])) };
}

const itemOf = ({ seq, title, body, data, ...row }: ItemRow): InboxItem => ({
  seq,
  title,
  body,
  actionUrl: row.action_url,
  data,
  createdAt: new Date(row.created_at),
  seenAt: timeOf(row.seen_at),
  readAt: timeOf(row.read_at),
  interactedAt: timeOf(row.interacted_at),
  archivedAt: timeOf(row.archived_at),
});

const timeOf = (text: string | null): Date | null => (text === null ? null : new Date(text));
