import { rm } from 'node:fs/promises';
import type { SegmentAffinities } from '../core/segment/describing.js';
import type { Features } from '../core/segment/features.js';
import type { Memberships } from '../core/segment/membership.js';
import type { ModelSegment } from '../core/segment/model.js';
import { quote, type DuckDbSession } from './duckdb.js';
import { writeLines } from './lines.js';

export type WrittenMemberships = {
  readonly userIds: readonly string[];
  readonly features: Features;
  readonly now: Memberships;
  readonly before: Memberships;
  readonly segments: readonly ModelSegment[];
};

const FEATURES = `'recency_days': 'DOUBLE', 'frequency_30d': 'INTEGER', 'frequency': 'INTEGER', 'monetary_minor': 'BIGINT', 'engagement_score': 'DOUBLE', 'trend': 'DOUBLE'`;
const FEATURE_NAMES = 'recency_days, frequency_30d, frequency, monetary_minor, engagement_score, trend';

/**
 * Writes the users of a bucket as Parquet, in the order of their ids: user_id, segment_key, confidence (hundredths of a percent),
 * segment_key_before (where they would have been 30 days before; null: not there yet), and the features that people are shown.
 */
export async function writeMemberships(session: DuckDbSession, written: WrittenMemberships, path: string): Promise<void> {
  const { userIds, features, now, before, segments } = written;
  const csv = `${path}.csv`;
  try {
    await writeLines(csv, userIds.length, (i) =>
      [
        `"${(userIds[i] ?? '').replaceAll('"', '""')}"`,
        now.segment[i],
        now.confidence[i],
        before.segment[i],
        shown(features.recencyDays[i]),
        features.frequency30d[i],
        features.frequency[i],
        features.monetaryMinor[i],
        shown(features.engagementScore[i]),
        shown(features.trend[i]),
      ].join(','),
    );
    const keys = `[${segments.map(({ key }) => quote(key)).join(', ')}]::varchar[]`;
    const keyOf = (column: string) => `case when ${column} >= 0 then (${keys})[${column} + 1] end`;
    const columns = `{'user_id': 'VARCHAR', 'segment': 'TINYINT', 'confidence': 'INTEGER', 'before': 'TINYINT', ${FEATURES}}`;
    await session.run(
      `copy (select user_id, ${keyOf('segment')} as segment_key, confidence, ${keyOf('before')} as segment_key_before, ${FEATURE_NAMES}
         from ${csvOf(csv, columns)} where segment >= 0 order by user_id) to ${quote(path)} (format parquet, compression zstd)`,
    );
  } finally {
    await rm(csv, { force: true });
  }
}

/** What the members of each segment were busy with, in the order of `segments`. */
export async function tallyAffinities(
  session: DuckDbSession,
  files: { readonly memberships: readonly string[]; readonly affinities: readonly string[] },
  segments: readonly ModelSegment[],
): Promise<SegmentAffinities[]> {
  const rows = await session.rows<{ segment_key: string; kind: string; name: string; users: number; engaged: number; delivered: number }>(
    `select segment_key, kind, name, (count(*) filter (delivered > 0))::double as users, sum(engaged)::double as engaged,
       sum(delivered)::double as delivered
     from ${parquetOf(files.affinities)} join ${parquetOf(files.memberships)} using (user_id)
     group by segment_key, kind, name order by all`,
  );
  return segments.map(({ key }) => {
    const own = rows.filter(({ segment_key }) => segment_key === key);
    return {
      categories: own
        .filter(({ kind, engaged }) => kind === 'category' && engaged > 0)
        .map(({ name, engaged }) => ({ name, interactions: engaged })),
      channels: own
        .filter(({ kind, delivered }) => kind === 'channel' && delivered > 0)
        .map(({ name, users, engaged, delivered }) => ({ name, users, engaged, delivered })),
    };
  });
}

/** What must be told to PostgreSQL, column by column. */
export type MembershipChanges = {
  readonly userIds: readonly string[];
  readonly segmentKeys: readonly string[];
  /** Hundredths of a percent; null: is no member any more. */
  readonly confidences: readonly (number | null)[];
};

export type FeatureChanges = {
  readonly userIds: readonly string[];
  /** Nulls throughout: the user is gone. */
  readonly columns: readonly (readonly (number | null)[])[];
};

/** Where the files differ from what PostgreSQL has (`current`: user_id, segment_key, confidence), in the order of user ids. */
export async function* compareMemberships(
  session: DuckDbSession,
  files: readonly string[],
  current: string,
): AsyncGenerator<MembershipChanges, void, undefined> {
  const columns = `{'user_id': 'VARCHAR', 'segment_key': 'VARCHAR', 'confidence': 'INTEGER'}`;
  const query = `select user_id, segment_key, w.confidence::double as confidence
    from (select user_id, segment_key, confidence from ${parquetOf(files)}) w full join ${csvOf(current, columns)} c using (user_id, segment_key)
    where w.confidence is distinct from c.confidence order by user_id, segment_key`;
  for await (const chunk of session.chunks(query)) {
    yield {
      userIds: chunk.getColumnVector(0).toArray().map(String),
      segmentKeys: chunk.getColumnVector(1).toArray().map(String),
      confidences: chunk.getColumnVector(2).toArray().map(numberOrNull),
    };
  }
}

/** Where the files' features differ from what PostgreSQL has (`current`: user_id and the features), in the order of user ids. */
export async function* compareFeatures(
  session: DuckDbSession,
  files: readonly string[],
  current: string,
): AsyncGenerator<FeatureChanges, void, undefined> {
  const names = FEATURE_NAMES.split(', ');
  const query = `select user_id, ${names.map((name) => `w.${name}::double`).join(', ')}
    from (select user_id, ${FEATURE_NAMES} from ${parquetOf(files)}) w full join ${csvOf(current, `{'user_id': 'VARCHAR', ${FEATURES}}`)} c using (user_id)
    where ${names.map((name) => `w.${name} is distinct from c.${name}`).join(' or ')} order by user_id`;
  for await (const chunk of session.chunks(query)) {
    yield {
      userIds: chunk.getColumnVector(0).toArray().map(String),
      columns: names.map((_, i) =>
        chunk
          .getColumnVector(i + 1)
          .toArray()
          .map(numberOrNull),
      ),
    };
  }
}

/** The features' columns in `user_features`, in the order of `FeatureChanges.columns`. */
export const shownFeatures = FEATURE_NAMES;

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** As many digits as people can use. */
const shown = (value: number | undefined) => Math.round((value ?? 0) * 1e4) / 1e4;

/** A file that PostgreSQL or we wrote: texts in quotes, no header. */
const csvOf = (path: string, columns: string) =>
  `read_csv(${quote(path)}, header = false, auto_detect = false, columns = ${columns}, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false)`;

const parquetOf = (paths: readonly string[]) => `read_parquet([${paths.map(quote).join(', ')}])`;
