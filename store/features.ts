import { activityFields, HALF_LIFE_DAYS, type ActivityField } from '../core/segment/activity.js';
import { engagementOf } from '../core/event/engagement.js';
import { vocabulary } from '../core/event/vocabulary.js';
import { engagementPoints, OWN_EVENT_POINTS } from '../core/segment/engagement-points.js';
import { quote, type DuckDbSession } from './duckdb.js';

/** What the pass over a bucket needs to know besides the events. */
export type FeatureQuery = {
  /** Events from here on are not seen. */
  readonly asOfMs: number;
  /** The tenant's: amounts in another currency are left out, and counted. */
  readonly currency: string;
  /** The tenant's goal `convert_to_paid`, where it has one. */
  readonly goal?: { readonly event: string; readonly filters: Readonly<Record<string, string | number | boolean>> };
};

/** Sums must fit 53 bits; nobody's do not, but for a mistake in the tenant's data, which then reads as "very much". */
const MOST = 9_000_000_000_000_000;
const CHANNEL_DAYS = 90;

/**
 * One pass over the events of a bucket (`relation`, as the lake gives it), written as Parquet sorted by user. SQL selects,
 * sorts and adds whole numbers; meaning is in `core/segment/features.ts`. Gives the number of users.
 */
export async function writeActivity(session: DuckDbSession, relation: string, query: FeatureQuery, path: string): Promise<number> {
  await session.run(`copy (${activityQuery(relation, query)}) to ${quote(path)} (format parquet, compression lz4_raw)`);
  const rows = await session.rows<{ users: number }>(`select count(*)::double as users from read_parquet(${quote(path)})`);
  return rows[0]?.users ?? 0;
}

/** For each user and category: interactions. For each user and channel: messages delivered and engaged with, in the last 90 days. */
export async function writeAffinities(session: DuckDbSession, relation: string, query: FeatureQuery, path: string): Promise<void> {
  await session.run(`copy (${affinityQuery(relation, query)}) to ${quote(path)} (format parquet, compression lz4_raw)`);
}

function activityQuery(relation: string, { asOfMs, currency, goal }: FeatureQuery): string {
  const aged = `select user_id, epoch_us(occurred_at) as us, ${ageOf(asOfMs)} as age, ${POINTS} as points,
    case when currency = ${quote(currency)} then revenue_minor end as minor, currency <> ${quote(currency)} as is_foreign,
    ${goal ? reaches(goal) : 'false'} as is_goal
    from ${relation} left join ${pointsTable} using (event) where occurred_at < ${timestamp(asOfMs)}`;
  const seen = `select *, ${bracketOf('age')} as bracket from (${aged})`;
  const interactions = (bracket: number) => `count(*) filter (bracket = ${bracket})::bigint`;
  const total = (what: string, condition?: string) =>
    `greatest(-${MOST}, least(${MOST}, coalesce(sum(${what})${condition ? ` filter (${condition})` : ''}, 0)))::bigint`;
  const columns: Record<ActivityField, string> = {
    firstMs: 'min(us) // 1000',
    lastMs: 'coalesce(max(us) filter (bracket >= 0), min(us)) // 1000',
    lastMsBefore: 'coalesce(max(us) filter (bracket >= 2), min(us)) // 1000',
    interactions0To15: interactions(0),
    interactions15To30: interactions(1),
    interactions30To45: interactions(2),
    interactions45To60: interactions(3),
    interactions60To90: interactions(4),
    interactions90To120: interactions(5),
    interactionsFrom120: interactions(6),
    points: total('points'),
    pointsBefore: total('points', 'age >= 30'),
    decayedPoints: total(decayedOf('age')),
    decayedPointsBefore: total(decayedOf('(age - 30)'), 'age >= 30'),
    // Few events have an amount: what is left out before it is added costs nothing.
    spentMinor: total('minor', 'minor is not null'),
    spentMinor0To30: total('minor', 'minor is not null and age < 30'),
    spentMinor30To60: total('minor', 'minor is not null and age >= 30 and age < 60'),
    paidMinor: total('minor', 'minor > 0'),
    orders: 'count(*) filter (minor > 0)::bigint',
    foreignAmounts: 'count(*) filter (is_foreign)::bigint',
    goals0To30: 'count(*) filter (is_goal and age < 30)::bigint',
  };
  const selected = activityFields.map((field) => `${columns[field]} as "${field}"`);
  return `select user_id, ${selected.join(', ')} from (${seen}) group by user_id order by user_id`;
}

function affinityQuery(relation: string, { asOfMs }: FeatureQuery): string {
  const seen = `(select user_id, category, event, ${ageOf(asOfMs)} as age from ${relation} e where occurred_at < ${timestamp(asOfMs)})`;
  const categories = `select user_id, 'category' as kind, category as name, count(*)::bigint as engaged,
    count(*) filter (age >= 30)::bigint as "engagedBefore", 0::bigint as delivered, 0::bigint as "deliveredBefore"
    from ${seen} left join ${pointsTable} using (event) where category is not null and ${POINTS} > 0 group by user_id, category`;
  const recent = `age < ${CHANNEL_DAYS}`;
  const before = `age >= 30 and age < ${CHANNEL_DAYS + 30}`;
  const kind = (name: string, period: string) => `count(*) filter (kind = '${name}' and ${period})`;
  const engaged = (period: string) =>
    `least(${kind('delivered', period)}, greatest(${['opened', 'clicked', 'replied'].map((name) => kind(name, period)).join(', ')}))::bigint`;
  const channels = `select user_id, 'channel' as kind, channel as name, ${engaged(recent)}, ${engaged(before)},
    ${kind('delivered', recent)}::bigint as delivered, ${kind('delivered', before)}::bigint
    from (select user_id, age, m.channel, m.kind from ${seen} join (values ${messageEvents}) m(event, channel, kind) using (event)) group by user_id, channel`;
  return `select * from (${categories} union all ${channels}) order by user_id, name, kind`;
}

/** The period of an interaction, by its age; -1 for an event that is none. Asked once, where seven filters would each ask again. */
const bracketOf = (age: string) =>
  `(case when points = 0 then -1 ${[15, 30, 45, 60, 90, 120].map((days, bracket) => `when ${age} < ${days} then ${bracket}`).join(' ')} else 6 end)::tinyint`;

/** Whole days from an event to `asOf`; an event of exactly n days is still one of the last n. */
const ageOf = (asOfMs: number) => `((${asOfMs * 1000 - 1} - epoch_us(occurred_at)) // 86400000000)::integer`;

const timestamp = (ms: number) => `make_timestamptz(${ms * 1000})`;

/** `decayed` of `core/segment/activity.ts`. */
const decayedOf = (age: string) =>
  `(points::bigint * (${2 * HALF_LIFE_DAYS} - ${age} % ${HALF_LIFE_DAYS}) * 1048576) >> least(${age} // ${HALF_LIFE_DAYS}, 40)`;

const pointsTable = `(values ${[...engagementPoints].map(([event, points]) => `(${quote(event)}, ${points})`).join(', ')}) p(event, points)`;
const POINTS = `coalesce(p.points, ${OWN_EVENT_POINTS})`;

/** Rows (event, channel, kind) of every event that a message caused. */
export const messageEvents = [...vocabulary.keys()]
  .flatMap((event) => {
    const engagement = engagementOf(event);
    return engagement ? [`(${quote(event)}, ${quote(engagement.channel)}, ${quote(engagement.kind)})`] : [];
  })
  .join(', ');

/**
 * A goal's event, with each filter's property of that value. A number is also met by a text that reads as it, and a text by a number or
 * a boolean that is written so: files bring texts only.
 */
export function reaches({ event, filters }: NonNullable<FeatureQuery['goal']>): string {
  const conditions = Object.entries(filters).map(([property, value]) => {
    const pointer = `/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const text = `json_extract_string(properties, ${quote(pointer)})`;
    const met = typeof value === 'number' ? `try_cast(${text} as double) = ${value}::double` : `${text} = ${quote(String(value))}`;
    return `coalesce(${met}, false)`;
  });
  return [`event = ${quote(event)}`, ...conditions].join(' and ');
}
