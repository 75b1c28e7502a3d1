import { countsOf } from '../../test/harness/ledger.js';
import type { MessageStatus } from '../../db/queries/send-ledger.js';
import { readAccepted, type Accepted } from './accepted.js';
import { countMiscounted, readLedger, type Row } from './ledger-rows.js';
import { PROVIDERS, WAYS } from './providers/all.js';
import type { Provider } from './providers/provider.js';
import { checkRules, type RulesKept } from './rules-kept.js';
import type { World } from './world.js';

export type WayFound = {
  readonly asked: number;
  /** In the provider's journal, or in an inbox. */
  readonly messages: number;
  readonly duplicates: number;
  /** Neither there nor uncertain, deferred, suppressed or failed in the ledger. */
  readonly lost: number;
  /** Nobody knows, because something was killed or stopped. */
  readonly uncertain: number;
  /** Nobody knows, because the provider was told to give no answer, and tells nothing later: it has not got them, or is a mail server. */
  readonly ambiguous_faults: number;
};

/** What the ledger says, held against the providers' journals and the inboxes, which are the truth. */
export type Comparison = WayFound &
  RulesKept & {
    readonly by_way: Readonly<Record<string, WayFound>>;
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

/** `asked`: how many messages each way was given. */
export async function compare(world: World, asked: ReadonlyMap<string, number>): Promise<Comparison> {
  const accepted = await readAccepted(world);
  const rows = await readLedger(world);
  const lateMs = rows.flatMap(({ key, hushed_ms }) =>
    hushed_ms === null ? [] : (accepted.get(key)?.timesMs ?? []).map((atMs) => atMs - hushed_ms),
  );
  const found = new Map<string, WayFound>();
  for (const provider of PROVIDERS) {
    const told = await world.providers.get(provider.name)?.told();
    countWays({ rows, accepted, asked }, provider, told?.unanswered ?? 0).forEach((one, way) => found.set(way, one));
  }
  return {
    ...total([...found.values()]),
    by_way: Object.fromEntries(found),
    ...checkRules(rows, accepted, world.aheadMs),
    contradictions: rows.filter((row) => accepted.has(row.key) && isDenied(row)).length + countUnknown(rows, accepted),
    counter_differences: await countDifferences(world),
    miscounted_people: await countMiscounted(world),
    // A provider that was told STOP itself refuses what we should not have asked for: it is not in its journal, and yet it was sent.
    sent_after_suppression: rows.filter((row) => row.was_hushed === true && (accepted.has(row.key) || !isSpared(row))).length,
    longest_in_flight_ms: Math.round(Math.max(0, ...lateMs)),
  };
}

/** Uncertain messages of a provider, over all its ways. */
export const uncertainOf = ({ by_way }: Pick<Comparison, 'by_way'>, provider: Provider): number =>
  WAYS.filter((way) => way.provider === provider).reduce((sum, { name }) => sum + (by_way[name]?.uncertain ?? 0), 0);

const HELD: ReadonlySet<MessageStatus> = new Set(['uncertain', 'deferred', 'suppressed', 'failed']);
const isSpared = ({ status }: Row): boolean => status === 'suppressed' || status === 'deferred';

const isDenied = ({ status, reason }: Row): boolean =>
  status === 'claimed' ||
  status === 'deferred' ||
  status === 'suppressed' ||
  (status === 'failed' && reason !== 'bounced' && reason !== 'dropped');

function countUnknown(rows: readonly Row[], accepted: Accepted): number {
  const known = new Set(rows.map(({ key }) => key));
  return [...accepted.keys()].filter((key) => !known.has(key)).length;
}

async function countDifferences({ database, tenants }: World): Promise<number> {
  const counts = await Promise.all(tenants.map(({ tenantId }) => countsOf(database, tenantId)));
  return counts.filter(({ kept, recounted }) => JSON.stringify(kept) !== JSON.stringify(recounted)).length;
}

type Compared = { readonly rows: readonly Row[]; readonly accepted: Accepted; readonly asked: ReadonlyMap<string, number> };

/** Of a request that broke off, a worker that lived on has written down how. No more of them than the provider knows of are its doing. */
function countWays({ rows, accepted, asked }: Compared, { ways }: Provider, unanswered: number): ReadonlyMap<string, WayFound> {
  const found = new Map<string, WayFound>();
  let explained = unanswered;
  for (const { name } of ways) {
    const own = rows.filter(({ way }) => way === name);
    const times = [...accepted.values()].filter(({ way }) => way === name).map(({ timesMs }) => timesMs.length);
    const uncertain = own.filter(({ status }) => status === 'uncertain');
    const ambiguousFaults = Math.min(uncertain.filter(({ reason }) => reason !== null).length, explained);
    explained -= ambiguousFaults;
    const wanted = asked.get(name) ?? 0;
    found.set(name, {
      asked: wanted,
      messages: times.length,
      duplicates: times.filter((length) => length > 1).length,
      lost: wanted - own.length + own.filter(({ key, status }) => !HELD.has(status) && !accepted.has(key)).length,
      uncertain: uncertain.length - ambiguousFaults,
      ambiguous_faults: ambiguousFaults,
    });
  }
  return found;
}

const total = (found: readonly WayFound[]): WayFound => {
  const sum = (name: keyof WayFound) => found.reduce((all, one) => all + one[name], 0);
  const [asked, messages, duplicates, lost] = [sum('asked'), sum('messages'), sum('duplicates'), sum('lost')];
  return { asked, messages, duplicates, lost, uncertain: sum('uncertain'), ambiguous_faults: sum('ambiguous_faults') };
};
