import { HALF_LIFE_DAYS, type ActivityField } from '../../core/segment/activity.js';
import { engagementOf } from '../../core/event/engagement.js';
import { vocabulary } from '../../core/event/vocabulary.js';
import { engagementPoints, OWN_EVENT_POINTS } from '../../core/segment/engagement-points.js';

export type PlainQuery = {
  readonly tenantId: string;
  readonly asOfMs: number;
  readonly currency: string;
  /** Conditions on a row of `events` that make it the tenant's goal; never, when absent. */
  readonly goal?: string;
};

const DECAY = `points * (${2 * HALF_LIFE_DAYS} - AGE % ${HALF_LIFE_DAYS})::bigint * 1048576 / (1::bigint << least(AGE / ${HALF_LIFE_DAYS}, 40))`;
const decayed = (age: string) => DECAY.replaceAll('AGE', age);
const between = (days: number, mostDays: number) => `points > 0 and age >= ${days} and age < ${mostDays}`;
const milliseconds = (time: string) => `floor(extract(epoch from ${time}) * 1000)::bigint`;

/** What each field of a user's activity is, said in the SQL of PostgreSQL over `seen`. */
const FIELDS: Readonly<Record<ActivityField, string>> = {
  firstMs: milliseconds('min(occurred_at)'),
  lastMs: milliseconds('coalesce(max(occurred_at) filter (where points > 0), min(occurred_at))'),
  lastMsBefore: milliseconds('coalesce(max(occurred_at) filter (where points > 0 and age >= 30), min(occurred_at))'),
  interactions0To15: `count(*) filter (where ${between(0, 15)})`,
  interactions15To30: `count(*) filter (where ${between(15, 30)})`,
  interactions30To45: `count(*) filter (where ${between(30, 45)})`,
  interactions45To60: `count(*) filter (where ${between(45, 60)})`,
  interactions60To90: `count(*) filter (where ${between(60, 90)})`,
  interactions90To120: `count(*) filter (where ${between(90, 120)})`,
  interactionsFrom120: 'count(*) filter (where points > 0 and age >= 120)',
  points: 'sum(points)',
  pointsBefore: 'coalesce(sum(points) filter (where age >= 30), 0)',
  decayedPoints: `sum(${decayed('age')})`,
  decayedPointsBefore: `coalesce(sum(${decayed('(age - 30)')}) filter (where age >= 30), 0)`,
  spentMinor: 'coalesce(sum(minor), 0)',
  spentMinor0To30: 'coalesce(sum(minor) filter (where age < 30), 0)',
  spentMinor30To60: 'coalesce(sum(minor) filter (where age >= 30 and age < 60), 0)',
  paidMinor: 'coalesce(sum(minor) filter (where minor > 0), 0)',
  orders: 'count(*) filter (where minor > 0)',
  foreignAmounts: 'count(*) filter (where is_foreign)',
  goals0To30: 'count(*) filter (where is_goal and age < 30)',
};

const points = `case event ${[...engagementPoints].map(([event, worth]) => `when '${event}' then ${worth}`).join(' ')} else ${OWN_EVENT_POINTS} end`;

/** An event of exactly n days is still one of the last n: `occurred_at >= as_of - n days`. */
const seen = ({ tenantId, asOfMs, currency, goal = 'false' }: PlainQuery) => {
  const asOf = `timestamptz '${new Date(asOfMs).toISOString()}'`;
  return `select *, extract(day from ${asOf} - interval '1 microsecond' - occurred_at)::integer as age, (${points})::bigint as points,
      case when currency = '${currency}' then revenue_minor end as minor, currency <> '${currency}' as is_foreign, ${goal} as is_goal
    from events where tenant_id = '${tenantId}' and occurred_at < ${asOf}`;
};

/** user_id and every field, in the order of `fields`. */
export function plainActivity(query: PlainQuery, fields: readonly ActivityField[]): string {
  const columns = fields.map((field) => `(${FIELDS[field]})::bigint as "${field}"`);
  return `select user_id, ${columns.join(', ')} from (${seen(query)}) seen group by user_id`;
}

const messages = [...vocabulary.keys()].flatMap((event) => {
  const engagement = engagementOf(event);
  return engagement ? [`('${event}', '${engagement.channel}', '${engagement.kind}')`] : [];
});

/** user_id, kind, name, engaged, engagedBefore, delivered, deliveredBefore. */
export function plainAffinities(query: PlainQuery): string {
  const count = (kind: string, period: string) => `count(*) filter (where m.kind = '${kind}' and ${period})`;
  const engaged = (period: string) =>
    `least(${count('delivered', period)}, greatest(${['opened', 'clicked', 'replied'].map((kind) => count(kind, period)).join(', ')}))`;
  const recent = 'age < 90';
  const before = 'age >= 30 and age < 120';
  return `with seen as (${seen(query)})
    select user_id, 'category' as kind, properties->>'category' as name, count(*) as engaged,
      count(*) filter (where age >= 30) as engaged_before, 0::bigint as delivered, 0::bigint as delivered_before
    from seen where points > 0 and jsonb_typeof(properties->'category') = 'string' and properties->>'category' <> '' group by user_id, properties->>'category'
    union all
    select user_id, 'channel', m.channel, ${engaged(recent)}, ${engaged(before)}, ${count('delivered', recent)}, ${count('delivered', before)}
    from seen join (values ${messages.join(', ')}) m(event, channel, kind) using (event) group by user_id, m.channel`;
}
