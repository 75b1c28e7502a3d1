import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantId } from '../../core/ids.js';
import { quote, type DuckDbSession } from '../duckdb.js';
import type { LocalCopies } from '../local-copies.js';
import type { ObjectStore } from '../objects.js';
import { dataKey, type Part } from './manifest.js';

const COLUMNS =
  `{'user_id': 'VARCHAR', 'occurred_at': 'TIMESTAMPTZ', 'message_id': 'VARCHAR', 'event': 'VARCHAR', 'revenue_minor': 'BIGINT',` +
  ` 'currency': 'VARCHAR', 'properties': 'VARCHAR', 'tx': 'BIGINT'}`;

/** What a reader sees of an event. */
export const EVENT_COLUMNS = 'user_id, occurred_at, message_id, event, revenue_minor, currency, category, properties';

/** Parts travel side by side, a few at a time. */
const PARTS_AT_ONCE = 8;

/** The rows of a file that PostgreSQL wrote, with what is derived from them. */
export const csvRelation = (path: string) =>
  `(select *, case when json_type(properties, '$.category') = 'VARCHAR' then nullif(properties->>'$.category', '') end as category
    from read_csv(${quote(path)}, header = false, auto_detect = false, columns = ${COLUMNS}, delim = ',', quote = '"', escape = '"',
      nullstr = '', allow_quoted_nulls = false, max_line_size = 1048576, buffer_size = 16777216))`;

/** The rows of parts, those included that no longer count. */
export function partsRelation(paths: readonly string[]): string {
  if (paths.length > 0) return `(select * from read_parquet([${paths.map(quote).join(', ')}]))`;
  return `(select null::varchar as user_id, null::timestamptz as occurred_at, null::varchar as message_id, null::varchar as event,
    null::bigint as revenue_minor, null::varchar as currency, null::varchar as category, null::varchar as properties, null::bigint as tx limit 0)`;
}

export type PartWriter = {
  readonly objects: ObjectStore;
  readonly workDirectory: string;
  /** The manifest that will name what is written. */
  readonly version: number;
};

type Group = { readonly month: string; readonly bucket: number; readonly rows: number; readonly first: number; readonly last: number };

/**
 * Writes rows (SQL for a FROM clause, with tx) as one sorted part for each month and bucket. They are sorted once, all together; each
 * part is then a stretch of them. A part's name is drawn, so that a writer that was cut off and its successor never write the same object.
 */
export async function writeParts(
  session: DuckDbSession,
  writer: PartWriter,
  tenantId: TenantId,
  rows: string,
  buckets: number,
): Promise<Part[]> {
  await session.run(
    `create or replace temporary table sorted as
     select ${EVENT_COLUMNS}, tx, strftime(occurred_at, '%Y-%m') as month, (md5_number_upper(user_id) % ${buckets})::integer as bucket
     from ${rows} order by month, bucket, user_id, occurred_at, message_id`,
  );
  const groups = await session.rows<Group>(
    `select month, bucket, count(*)::double as rows, min(rowid)::double as first, max(rowid)::double as last from sorted group by all order by all`,
  );
  const parts: Part[] = [];
  for (let i = 0; i < groups.length; i += PARTS_AT_ONCE) {
    parts.push(...(await writeGroups(session, writer, tenantId, groups.slice(i, i + PARTS_AT_ONCE))));
  }
  await session.run('drop table sorted');
  return parts;
}

async function writeGroups(session: DuckDbSession, writer: PartWriter, tenantId: TenantId, groups: readonly Group[]): Promise<Part[]> {
  const { objects, workDirectory, version } = writer;
  const written = groups.map((group) => {
    const name = `${String(group.bucket).padStart(3, '0')}-${randomUUID()}`;
    return { ...group, path: join(workDirectory, `${name}.parquet`), key: dataKey(tenantId, group.month, name, version) };
  });
  try {
    for (const { first, last, rows, path } of written) {
      if (last - first + 1 !== rows) throw new Error('sorted rows do not lie together'); // what each part is cut by
      await session.run(
        `copy (select ${EVENT_COLUMNS}, tx from sorted where rowid between ${first} and ${last}) to ${quote(path)} (format parquet, compression zstd)`,
      );
    }
    return await Promise.all(
      written.map(async ({ month, bucket, rows, path, key }) => {
        const { size: bytes } = await stat(path);
        await objects.putFile(key, path);
        return { key, month, bucket, rows, bytes };
      }),
    );
  } finally {
    await Promise.all(written.map(({ path }) => rm(path, { force: true })));
  }
}

/** Local files of parts, fetched side by side. */
export async function localPaths(copies: LocalCopies, parts: readonly Part[]): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < parts.length; i += PARTS_AT_ONCE) {
    paths.push(...(await Promise.all(parts.slice(i, i + PARTS_AT_ONCE).map(({ key }) => copies.path(key)))));
  }
  return paths;
}
