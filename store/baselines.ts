import { quote, type DuckDbSession } from './duckdb.js';
import { messageEvents, reaches } from './features.js';

export type BaselineQuery = {
  /** Events from here on are not seen. */
  readonly asOfMs: number;
  readonly currency: string;
  readonly windowHours: readonly number[];
  readonly goals: readonly {
    readonly name: string;
    readonly event: string;
    readonly filters: Readonly<Record<string, string | number | boolean>>;
  }[];
};

/** What users of one bucket did: whole numbers, so that buckets can be added up in any order. */
export type WindowSums = {
  readonly windowHours: number;
  readonly users: number;
  /** By the goals' order: users who reached it in the window. */
  readonly converted: readonly number[];
  readonly spent: number;
  readonly spentSquares: number;
};
export type ChannelSums = { readonly channel: string; readonly kind: string; readonly messages: number };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Who was seen in so many days before a window is somebody who could have done something in it. */
export const PRESENT_DAYS = 30;
export const CHANNEL_DAYS = 90;

/** Of the users who were there before each window, which ends as of the walk: who reached each goal in it, and what they spent. */
export async function sumWindows(session: DuckDbSession, relation: string, query: BaselineQuery): Promise<WindowSums[]> {
  const sums: WindowSums[] = [];
  for (const windowHours of query.windowHours) sums.push(await sumWindow(session, relation, { ...query, windowHours }));
  return sums;
}

async function sumWindow(
  session: DuckDbSession,
  relation: string,
  { asOfMs, currency, goals, windowHours }: Omit<BaselineQuery, 'windowHours'> & { readonly windowHours: number },
): Promise<WindowSums> {
  const beginsMs = asOfMs - windowHours * HOUR_MS;
  const begins = timestamp(beginsMs);
  const each = (of: (goal: BaselineQuery['goals'][number], i: number) => string) => goals.map((goal, i) => `, ${of(goal, i)}`).join('');
  const rows = await session.rows<Record<string, number>>(`
    select count(*)::double as users, coalesce(sum(minor), 0)::double as spent, coalesce(sum(minor * minor), 0)::double as squares
      ${each((_, i) => `count(*) filter (g${i})::double as g${i}`)}
    from (
      select bool_or(occurred_at < ${begins}) as present,
        coalesce(sum(revenue_minor) filter (occurred_at >= ${begins} and currency = ${quote(currency)}), 0)::hugeint as minor
        ${each((goal, i) => `bool_or(occurred_at >= ${begins} and ${reaches(goal)}) as g${i}`)}
      from ${relation} where occurred_at >= ${timestamp(beginsMs - PRESENT_DAYS * DAY_MS)} and occurred_at < ${timestamp(asOfMs)}
      group by user_id)
    where present`);
  const [row = {}] = rows;
  return {
    windowHours,
    users: row.users ?? 0,
    converted: goals.map((_, i) => row[`g${i}`] ?? 0),
    spent: row.spent ?? 0,
    spentSquares: row.squares ?? 0,
  };
}

/** Messages of the last days by channel and by what became of them. */
export function sumChannels(session: DuckDbSession, relation: string, asOfMs: number): Promise<ChannelSums[]> {
  return session.rows<ChannelSums>(`
    select m.channel, m.kind, count(*)::double as messages
    from ${relation} e join (values ${messageEvents}) m(event, channel, kind) using (event)
    where occurred_at >= ${timestamp(asOfMs - CHANNEL_DAYS * DAY_MS)} and occurred_at < ${timestamp(asOfMs)}
    group by m.channel, m.kind order by m.channel, m.kind`);
}

const timestamp = (ms: number) => `make_timestamptz(${ms * 1000})`;
