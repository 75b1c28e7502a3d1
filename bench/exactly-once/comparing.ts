import { countsOf } from '../../test/harness/ledger.js';
import type { MessageStatus } from '../../db/queries/send-ledger.js';
import { readAccepted, type Accepted } from './accepted.js';
import { CHANNELS, type Channel } from './people.js';
import { checkRules, type RulesKept } from './rules-kept.js';
import type { World } from './world.js';

export type ChannelFound = {
  readonly messages: number;
  /** In the provider's journal, or in an inbox. */
  readonly accepted: number;
  readonly duplicates: number;
  /** Neither there nor uncertain, deferred, suppressed or failed in the ledger. */
  readonly lost: number;
  /** Nobody knows, because something was killed or stopped. */
  readonly uncertain: number;
  /** Nobody knows, because the provider did not take them and was told to give no answer that says so. */
  readonly ambiguous_faults: number;
};

/** What the ledger says, held against the providers' journals and the inboxes, which are the truth. */
export type Comparison = ChannelFound &
  RulesKept & {
    readonly by_channel: Readonly<Record<Channel, ChannelFound>>;
    /** The ledger says that it was not sent, or nothing at all, and a journal that it was. */
    readonly contradictions: number;
    readonly counter_differences: number;
    /** People whose places under the caps are not as many as the messages that took one. */
    readonly miscounted_people: number;
    /** Messages whose call began when a suppression of their address had been committed. */
    readonly sent_after_suppression: number;
    /** Of messages that were on their way when it was: how long after it the provider took the last. */
    readonly longest_in_flight_ms: number;
  };

export type Row = {
  readonly id: number;
  readonly user_id: string;
  readonly channel: Channel;
  readonly status: MessageStatus;
  readonly reason: string | null;
  /** When a suppression of its address was committed, and whether its call could see it when it began. */
  readonly hushed_ms: number | null;
  readonly was_hushed: boolean | null;
};

/** `expected`: how many messages each channel was given. */
export async function compare(world: World, expected: Readonly<Record<Channel, number>>): Promise<Comparison> {
  const accepted = await readAccepted(world);
  const rows = await readLedger(world);
  const { mails, texts } = await world.askProviders();
  const { kept, recounted } = await countsOf(world.database, world.tenantId);
  const lateMs = rows.flatMap(({ id, hushed_ms }) =>
    hushed_ms === null ? [] : (accepted.get(id)?.timesMs ?? []).map((atMs) => atMs - hushed_ms),
  );
  const sms = countChannel(rows, accepted, 'sms', { expected: expected.sms, unanswered: texts.unanswered });
  const unanswered = { email: mails.unanswered, whatsapp: texts.unanswered - sms.ambiguous_faults, in_app: 0 };
  const count = (channel: keyof typeof unanswered) =>
    countChannel(rows, accepted, channel, { expected: expected[channel], unanswered: unanswered[channel] });
  const byChannel = { email: count('email'), sms, whatsapp: count('whatsapp'), in_app: count('in_app') };
  return {
    ...total(Object.values(byChannel)),
    by_channel: byChannel,
    ...checkRules(rows, accepted, world.aheadMs),
    contradictions: rows.filter((row) => accepted.has(row.id) && isDenied(row)).length + countUnknown(rows, accepted),
    counter_differences: JSON.stringify(kept) === JSON.stringify(recounted) ? 0 : 1,
    miscounted_people: await countMiscounted(world),
    // A provider that was told STOP itself refuses what we should not have asked for: it is not in its journal, and yet it was sent.
    sent_after_suppression: rows.filter((row) => row.was_hushed === true && (accepted.has(row.id) || !isSpared(row))).length,
    longest_in_flight_ms: Math.round(Math.max(0, ...lateMs)),
  };
}

const HELD: ReadonlySet<MessageStatus> = new Set(['uncertain', 'deferred', 'suppressed', 'failed']);
const isSpared = ({ status }: Row): boolean => status === 'suppressed' || status === 'deferred';

const isDenied = ({ status, reason }: Row): boolean =>
  status === 'claimed' ||
  status === 'deferred' ||
  status === 'suppressed' ||
  (status === 'failed' && reason !== 'bounced' && reason !== 'dropped');

function countUnknown(rows: readonly Row[], accepted: Accepted): number {
  const known = new Set(rows.map(({ id, channel }) => `${id} ${channel}`));
  return [...accepted].filter(([id, { channel }]) => !known.has(`${id} ${channel}`)).length;
}

function countChannel(
  rows: readonly Row[],
  accepted: Accepted,
  channel: Channel,
  { expected, unanswered }: { readonly expected: number; readonly unanswered: number },
): ChannelFound {
  const own = rows.filter((row) => row.channel === channel);
  const times = [...accepted.values()].filter((taken) => taken.channel === channel).map(({ timesMs }) => timesMs.length);
  const uncertain = own.filter(({ status }) => status === 'uncertain');
  // Of a request that broke off, a worker that lived on has written down how. No more of them than the provider knows of are its doing.
  const ambiguousFaults = Math.min(uncertain.filter(({ reason }) => reason !== null).length, unanswered);
  return {
    messages: expected,
    accepted: times.length,
    duplicates: times.filter((length) => length > 1).length,
    lost: expected - own.length + own.filter(({ id, status }) => !HELD.has(status) && !accepted.has(id)).length,
    uncertain: uncertain.length - ambiguousFaults,
    ambiguous_faults: ambiguousFaults,
  };
}

const total = (found: readonly ChannelFound[]): ChannelFound => {
  const sum = (name: keyof ChannelFound) => found.reduce((all, one) => all + one[name], 0);
  const [messages, accepted, duplicates] = [sum('messages'), sum('accepted'), sum('duplicates')];
  return { messages, accepted, duplicates, lost: sum('lost'), uncertain: sum('uncertain'), ambiguous_faults: sum('ambiguous_faults') };
};

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
    `select m.message_id::int as id, m.user_id, m.channel, m.status, m.reason,
       pg_visible_in_snapshot(s.xmin::text::xid8, c.snapshot) as was_hushed,
       extract(epoch from pg_xact_commit_timestamp(s.xmin))::float8 * 1000 as hushed_ms
     from messages m
     left join calls c on c.tenant_id = m.tenant_id and c.call_id = m.call_id
     left join suppressions s on s.tenant_id = m.tenant_id and s.channel = m.channel and s.address_hash = m.address_hash
     where m.tenant_id = $1 and m.campaign_id = $2`,
    [tenantId, campaignId],
  );
  return rows;
}

export const noMessages = (): Record<Channel, number> =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, 0])) as Record<Channel, number>;
