import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantId } from '../../core/ids.js';
import { quote, type DuckDbSession } from '../duckdb.js';
import type { LocalCopies } from '../local-copies.js';
import type { ObjectStore } from '../objects.js';
import { lakePrefix, type Part, type Void } from './manifest.js';
import { parseSnapshot } from './snapshot.js';

const COLUMNS =
  `{'user_id': 'VARCHAR', 'occurred_at': 'TIMESTAMPTZ', 'message_id': 'VARCHAR', 'event': 'VARCHAR', 'revenue_minor': 'BIGINT',` +
  ` 'currency': 'VARCHAR', 'properties': 'VARCHAR', 'tx': 'BIGINT'}`;

/** What a reader sees of an event. */
export const EVENT_COLUMNS = 'user_id, occurred_at, message_id, event, revenue_minor, currency, category, properties';

export const bucketOf = (buckets: number) => `(md5_number_upper(user_id) % ${buckets})::integer`;

/** The rows of a file that PostgreSQL wrote, with what is derived from them. */
export const csvRelation = (path: string) =>
  `(select *, case when json_type(properties, '$.category') = 'VARCHAR' then properties->>'$.category' end as category
    from read_csv(${quote(path)}, header = false, auto_detect = false, columns = ${COLUMNS}, delim = ',', quote = '"', escape = '"',
      nullstr = '', allow_quoted_nulls = false, max_line_size = 1048576, buffer_size = 16777216))`;

/** The rows of parts that still count. */
export function partsRelation(paths: readonly string[], voids: readonly Void[]): string {
  if (paths.length === 0) {
    return `(select null::varchar as user_id, null::timestamptz as occurred_at, null::varchar as message_id, null::varchar as event,
      null::bigint as revenue_minor, null::varchar as currency, null::varchar as category, null::varchar as properties, null::bigint as tx limit 0)`;
  }
  const rows = `read_parquet([${paths.map(quote).join(', ')}])`;
  return voids.length === 0 ? `(select * from ${rows})` : `(select * from ${rows} p where not ${isVoid('p', voids)})`;
}

/** A condition on rows of parts: the user was merged or deleted after this row was written. */
export function isVoid(alias: string, voids: readonly Void[]): string {
  const values = voids.map(({ userId, snapshot }) => {
    const { xmin, xmax, running } = parseSnapshot(snapshot);
    return `(${quote(userId)}, ${xmin}, ${xmax}, [${running.join(', ')}]::bigint[])`;
  });
  return `exists (select 1 from (values ${values.join(', ')}) v(user_id, xmin, xmax, running)
    where v.user_id = ${alias}.user_id and (${alias}.tx < v.xmin or (${alias}.tx < v.xmax and not list_contains(v.running, ${alias}.tx))))`;
}

export type PartWriter = {
  readonly objects: ObjectStore;
  readonly workDirectory: string;
};

/**
 * Writes the rows of a temporary table (with columns month and bucket) as one sorted part for each month and bucket. A part's
 * name is drawn, so that a writer that was cut off and its successor never write the same object.
 */
export async function writeParts(
  session: DuckDbSession,
  { objects, workDirectory }: PartWriter,
  tenantId: TenantId,
  table: string,
): Promise<Part[]> {
  const groups = await session.rows<{ month: string; bucket: number; rows: number }>(
    `select month, bucket, count(*)::double as rows from ${table} group by all order by all`,
  );
  const parts: Part[] = [];
  for (const { month, bucket, rows } of groups) {
    const name = `${String(bucket).padStart(3, '0')}-${randomUUID()}.parquet`;
    const path = join(workDirectory, name);
    try {
      await session.run(
        `copy (select ${EVENT_COLUMNS}, tx from ${table} where month = ${quote(month)} and bucket = ${bucket}
               order by user_id, occurred_at, message_id) to ${quote(path)} (format parquet, compression zstd)`,
      );
      const key = `${lakePrefix(tenantId)}${month}/${name}`;
      await objects.putFile(key, path);
      parts.push({ key, month, bucket, rows });
    } finally {
      await rm(path, { force: true });
    }
  }
  return parts;
}

/** Local files of parts, fetched side by side. */
export const localPaths = (copies: LocalCopies, parts: readonly Part[]) => Promise.all(parts.map(({ key }) => copies.path(key)));
