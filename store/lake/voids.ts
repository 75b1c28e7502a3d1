import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantId } from '../../core/ids.js';
import { quote, type DuckDbSession } from '../duckdb.js';
import { dataKey, type Manifest } from './manifest.js';
import type { PartWriter } from './parts.js';

/** SQL for a FROM clause: user_id, xmin, xmax, running, in this session. */
export type VoidRelation = string;

/** Voids as PostgreSQL wrote them: a user and the snapshot whose rows stopped counting. */
export const csvVoids = (path: string): VoidRelation =>
  `(select user_id, split_part(snapshot, ':', 1)::bigint as xmin, split_part(snapshot, ':', 2)::bigint as xmax,
      case when snapshot like '%:' then [] else string_split(split_part(snapshot, ':', 3), ',') end::bigint[] as running
    from read_csv(${quote(path)}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
      columns = {'user_id': 'VARCHAR', 'snapshot': 'VARCHAR'}))`;

export const storedVoids = (path: string): VoidRelation => `(select * from read_parquet(${quote(path)}))`;

/**
 * One void a user, the last. Voids are made one after another, under a lock that is held until the commit, so that the later
 * snapshot sees all that the earlier one does.
 */
function lastVoids(relations: readonly VoidRelation[]): VoidRelation {
  return `(select distinct on (user_id) * from (${relations.map((relation) => `from ${relation}`).join(' union all ')}) order by user_id, xmax desc, xmin desc)`;
}

/** The rows of parts that still count. */
export function withoutVoids(rows: string, voids: readonly VoidRelation[]): string {
  if (voids.length === 0) return rows;
  return `(select p.* from ${rows} p left join ${lastVoids(voids)} v on v.user_id = p.user_id
    where v.user_id is null or not ${isVoid})`;
}

export async function holdsVoids(session: DuckDbSession, rows: string, voids: readonly VoidRelation[]): Promise<boolean> {
  if (voids.length === 0) return false;
  const found = await session.rows(`select 1 from ${rows} p join ${lastVoids(voids)} v on v.user_id = p.user_id where ${isVoid} limit 1`);
  return found.length > 0;
}

/** The void's snapshot sees the row: the user was merged or deleted after it was written. */
const isVoid = '(p.tx < v.xmin or (p.tx < v.xmax and not list_contains(v.running, p.tx)))';

/** Keeps voids as one object, which readers join; they may be thousands, too many for the text of a query. */
export async function writeVoids(
  session: DuckDbSession,
  { objects, workDirectory, version }: PartWriter,
  tenantId: TenantId,
  relations: readonly VoidRelation[],
): Promise<Manifest['voids']> {
  const path = join(workDirectory, `voids-${randomUUID()}.parquet`);
  try {
    await session.run(`copy (from ${lastVoids(relations)}) to ${quote(path)} (format parquet, compression zstd)`);
    const [row] = await session.rows<{ users: number }>(`select count(*)::double as users from read_parquet(${quote(path)})`);
    const key = dataKey(tenantId, 'voids', randomUUID(), version);
    await objects.putFile(key, path);
    return { key, users: row?.users ?? 0 };
  } finally {
    await rm(path, { force: true });
  }
}
