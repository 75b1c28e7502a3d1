import { readToken } from '../../core/message/token.js';
import { readJournal } from '../../sandbox/sendgrid/journal.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import { countsOf } from '../../test/harness/ledger.js';
import type { MessageStatus } from '../../db/queries/send-ledger.js';
import type { World } from './world.js';

/** What the ledger says, held against the provider's journal, which is the truth. */
export type Comparison = {
  readonly duplicates: number;
  /** Neither in the journal nor uncertain, deferred, suppressed or failed in the ledger. */
  readonly lost: number;
  /** Nobody knows, because something was killed. */
  readonly uncertain: number;
  /** Nobody knows, because the provider gave no answer, or none that means anything. */
  readonly ambiguous_faults: number;
  /** The ledger says that it was not sent, and the journal that it was. */
  readonly contradictions: number;
  readonly counter_differences: number;
  /** People whose places under the caps are not as many as the messages that took one. */
  readonly miscounted_people: number;
  readonly suppressed: number;
  /** Mails whose call began when a suppression of their address had been committed. */
  readonly sent_after_suppression: number;
  /** Of mails that were on their way when it was: how long after it the provider took the last. */
  readonly longest_in_flight_ms: number;
};

type Row = {
  readonly id: number;
  readonly status: MessageStatus;
  readonly reason: string | null;
  /** When a suppression of its address was committed, and whether its call could see it when it began. */
  readonly hushed_ms: number | null;
  readonly was_hushed: boolean | null;
};

export async function compare(world: World, expected: number): Promise<Comparison> {
  const accepted = readAccepted(world);
  const rows = await readLedger(world);
  const count = (holds: (row: Row) => boolean) => rows.filter(holds).length;
  const isAccepted = ({ id }: Row) => accepted.has(id);
  const uncertain = rows.filter(({ status }) => status === 'uncertain');
  const { kept, recounted } = await countsOf(world.database, world.tenantId);
  const lateMs = rows.flatMap(({ id, hushed_ms }) => (hushed_ms === null ? [] : (accepted.get(id) ?? []).map((atMs) => atMs - hushed_ms)));
  return {
    duplicates: [...accepted.values()].filter(({ length }) => length > 1).length,
    lost: expected - rows.length + count((row) => !HELD.has(row.status) && !isAccepted(row)),
    uncertain: uncertain.filter(({ reason }) => reason === null).length,
    ambiguous_faults: uncertain.filter(({ reason }) => reason !== null).length,
    contradictions: count((row) => isAccepted(row) && isDenied(row)),
    counter_differences: JSON.stringify(kept) === JSON.stringify(recounted) ? 0 : 1,
    miscounted_people: await countMiscounted(world),
    suppressed: count(({ status }) => status === 'suppressed'),
    sent_after_suppression: count((row) => isAccepted(row) && row.was_hushed === true),
    longest_in_flight_ms: Math.round(Math.max(0, ...lateMs)),
  };
}

const HELD: ReadonlySet<MessageStatus> = new Set(['uncertain', 'deferred', 'suppressed', 'failed']);

const isDenied = ({ status, reason }: Row): boolean =>
  status === 'claimed' ||
  status === 'deferred' ||
  status === 'suppressed' ||
  (status === 'failed' && reason !== 'bounced' && reason !== 'dropped');

/** When the provider took each message. */
function readAccepted({ journalPath, tenantId }: World): ReadonlyMap<number, readonly number[]> {
  const accepted = new Map<number, number[]>();
  for (const { at, custom_args } of readJournal(journalPath)) {
    for (const token of Object.values(custom_args)) {
      const message = readToken(ADDRESS_KEY, token);
      if (message?.tenantId === tenantId) accepted.set(message.messageId, [...(accepted.get(message.messageId) ?? []), Date.parse(at)]);
    }
  }
  return accepted;
}

async function countMiscounted({ database, tenantId }: World): Promise<number> {
  const { rows } = await database.admin.query<{ people: number }>(
    `select count(*)::int as people
     from (select user_id, count(*) as taken from messages where tenant_id = $1 and spent_at is not null group by user_id) m
     full join (select user_id, cardinality(times) as places from recent_sends where tenant_id = $1) r using (user_id)
     where coalesce(taken, 0) <> coalesce(places, 0)`,
    [tenantId],
  );
  return rows[0]?.people ?? 0;
}

async function readLedger({ database, tenantId, campaignId }: World): Promise<readonly Row[]> {
  const { rows } = await database.admin.query<Row>(
    `select m.message_id::int as id, m.status, m.reason, pg_visible_in_snapshot(s.xmin::text::xid8, c.snapshot) as was_hushed,
       extract(epoch from pg_xact_commit_timestamp(s.xmin))::float8 * 1000 as hushed_ms
     from messages m
     left join calls c on c.tenant_id = m.tenant_id and c.call_id = m.call_id
     left join suppressions s on s.tenant_id = m.tenant_id and s.channel = m.channel and s.address_hash = m.address_hash
     where m.tenant_id = $1 and m.campaign_id = $2`,
    [tenantId, campaignId],
  );
  return rows;
}
