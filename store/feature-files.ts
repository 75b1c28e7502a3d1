import { activityFields, type Activity, type ActivityField } from '../core/segment/activity.js';
import type { AffinityOverview } from '../core/segment/affinities.js';
import type { Moment } from '../core/segment/features.js';
import type { FeatureColumns, FeatureUse } from '../core/segment/points.js';
import { quote, type DuckDbSession } from './duckdb.js';
import { doublesOf } from './vectors.js';

/** Local Parquet files that `features.ts` wrote, of one bucket or of several. */
export type FeatureFiles = { readonly activity: readonly string[]; readonly affinities: readonly string[] };

export type FeatureReading = {
  readonly activity: Activity;
  /** Of the affinities that were asked for, by name and moment. */
  readonly affinities: Readonly<Record<Moment, FeatureColumns>>;
};

export type ReadingOptions = {
  /** Only so many users, those whose hashes are the smallest: chosen by id alone, so that any number of buckets gives the same. */
  readonly sample?: number;
  /** `category:<name>` or `channel:<name>`; other names are ignored. */
  readonly affinities?: readonly FeatureUse['name'][];
};

/** Everyone in the files, or a sample, in the order of their ids. */
export async function readFeatures(
  session: DuckDbSession,
  files: FeatureFiles,
  { sample, affinities = [] }: ReadingOptions = {},
): Promise<FeatureReading> {
  const users = Math.min(await countUsers(session, files), sample ?? Number.POSITIVE_INFINITY);
  const wanted = affinities.flatMap((name) => affinityNamed(name) ?? []);
  const userIds: string[] = [];
  const columns = [...activityFields, ...wanted.flatMap(() => QUARTERS)].map(() => new Float64Array(users));
  for await (const chunk of session.chunks(readingQuery(files, sample, wanted))) {
    const start = userIds.length;
    for (const id of chunk.getColumnVector(0).toArray()) userIds.push(String(id));
    columns.forEach((column, index) => column.set(doublesOf(chunk.getColumnVector(index + 1)), start));
  }
  const ratios = (moment: Moment): FeatureColumns =>
    Object.fromEntries(
      wanted.map(({ name }, index) => {
        const first = activityFields.length + index * QUARTERS.length + (moment === 'asOf' ? 0 : 2);
        return [name, ratio(columns[first], columns[first + 1])];
      }),
    );
  return { activity: { userIds, ...activityOf(columns) }, affinities: { asOf: ratios('asOf'), before: ratios('before') } };
}

export async function countUsers(session: DuckDbSession, { activity }: FeatureFiles): Promise<number> {
  const rows = await session.rows<{ users: number }>(`select count(*)::double as users from ${parquet(activity)}`);
  return rows[0]?.users ?? 0;
}

/** Whether anybody ever brought money in. */
export async function hasOrders(session: DuckDbSession, { activity }: FeatureFiles): Promise<boolean> {
  const rows = await session.rows<{ orders: number }>(`select coalesce(sum(orders), 0)::double as orders from ${parquet(activity)}`);
  return (rows[0]?.orders ?? 0) > 0;
}

export async function overviewAffinities(session: DuckDbSession, files: FeatureFiles): Promise<AffinityOverview> {
  const names = await session.rows<{ kind: string; name: string; users: number; having: number }>(
    `select kind, name, count(*)::double as users, (count(*) filter (kind = 'channel' and delivered > 0))::double as having
     from ${parquet(files.affinities)} group by kind, name order by sum(engaged) desc, name`,
  );
  const [categories] = await session.rows<{ users: number }>(
    `select count(distinct user_id)::double as users from ${parquet(files.affinities)} where kind = 'category'`,
  );
  return {
    users: await countUsers(session, files),
    usersWithCategory: categories?.users ?? 0,
    categories: names.filter(({ kind }) => kind === 'category').map(({ name }) => name),
    channels: names.filter(({ kind }) => kind === 'channel').map(({ name, having }) => ({ channel: name, users: having })),
  };
}

type Affinity = { readonly name: string; readonly kind: 'category' | 'channel'; readonly value: string };

function affinityNamed(name: string): Affinity | undefined {
  const [kind, ...rest] = name.split(':');
  return kind === 'category' || kind === 'channel' ? { name, kind, value: rest.join(':') } : undefined;
}

/** For each affinity: what counts and what it is out of, as of both moments. */
const QUARTERS = ['part', 'whole', 'partBefore', 'wholeBefore'] as const;

function quartersOf({ kind, value }: Affinity): string[] {
  const own = `kind = '${kind}' and name = ${quote(value)}`;
  const sum = (column: string, condition: string) => `coalesce(sum(${column}) filter (${condition}), 0)::double`;
  return kind === 'category'
    ? [sum('engaged', own), sum('engaged', `kind = 'category'`), sum('"engagedBefore"', own), sum('"engagedBefore"', `kind = 'category'`)]
    : [sum('engaged', own), sum('delivered', own), sum('"engagedBefore"', own), sum('"deliveredBefore"', own)];
}

function readingQuery(files: FeatureFiles, sample: number | undefined, wanted: readonly Affinity[]): string {
  const fields = activityFields.map((field) => `"${field}"::double`);
  const all = parquet(files.activity);
  const chosen =
    sample === undefined ? `select * from ${all}` : `select * from ${all} order by md5_number_lower(user_id), user_id limit ${sample}`;
  if (wanted.length === 0) return `select user_id, ${fields.join(', ')} from (${chosen}) order by user_id`;
  const quarters = wanted.flatMap((affinity, i) => quartersOf(affinity).map((sql, q) => ({ sql, name: `q${i}_${q}` })));
  return `with chosen as (${chosen}),
    pivoted as (select user_id, ${quarters.map(({ sql, name }) => `${sql} as ${name}`).join(', ')}
      from ${parquet(files.affinities)} where user_id in (select user_id from chosen) group by user_id)
    select c.user_id, ${[...fields, ...quarters.map(({ name }) => `coalesce(p.${name}, 0)`)].join(', ')}
    from chosen c left join pivoted p on p.user_id = c.user_id order by c.user_id`;
}

function ratio(part: Float64Array = new Float64Array(), whole: Float64Array = new Float64Array()): Float64Array {
  return part.map((value, i) => (whole[i] ? value / whole[i] : Number.NaN));
}

function activityOf(columns: readonly Float64Array[]): Record<ActivityField, Float64Array> {
  return Object.fromEntries(activityFields.map((field, index) => [field, columns[index]])) as Record<ActivityField, Float64Array>;
}

const parquet = (paths: readonly string[]) => `read_parquet([${paths.map(quote).join(', ')}])`;
