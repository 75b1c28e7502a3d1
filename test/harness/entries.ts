import type pg from 'pg';
import type { TenantId } from '../../core/ids.js';
import type { TestDatabase } from './database.js';

/** [message id, user, event, ms since 1970] */
export type StoredEvent = readonly [id: string, user: string, event: string, atMs: number];

/** Stores events as the API does: each message id once. */
export async function storeEvents(
  { admin }: Pick<TestDatabase, 'admin'>,
  tenantId: TenantId,
  events: readonly StoredEvent[],
  over: pg.Pool | pg.PoolClient = admin,
): Promise<void> {
  const sent = events.map(([id, user, event, atMs]) => [id, user, event, atMs, {}, null, null]);
  const months = [...new Set(events.map(([, , , atMs]) => `${new Date(atMs).toISOString().slice(0, 7)}-01`))].filter(
    (month) => Date.parse(month) <= Date.now(), // later ones are made by openMonthOf
  );
  await over.query(`select ingest_events($1, $2::date[], '[]', $3, '[]', '[]')`, [tenantId, months, JSON.stringify(sent)]);
}

const onSegment = (database: Pick<TestDatabase, 'admin'>, tenantId: TenantId, segment: string, call: string, people: readonly string[]) =>
  database.admin.query(
    `select ${call} from (
       select array_agg(s.id) as ids, array_agg(p) as people, array_agg(10000) as scores
       from audience_segments s, unnest($3::text[]) p where s.tenant_id = $1 and s.segment_key = $2) x`,
    [tenantId, segment, people],
  );

/** As a walk does when it publishes a segment. */
export const putMembers = (database: Pick<TestDatabase, 'admin'>, tenantId: TenantId, segment: string, people: readonly string[]) =>
  onSegment(database, tenantId, segment, 'put_members($1, x.ids, x.people, x.scores)', people);
export const removeMembers = (database: Pick<TestDatabase, 'admin'>, tenantId: TenantId, segment: string, people: readonly string[]) =>
  onSegment(database, tenantId, segment, 'remove_members($1, x.ids, x.people)', people);

/** `<user> <entry> <how it ended>` */
export async function entriesOf({ admin }: Pick<TestDatabase, 'admin'>, tenantId: TenantId): Promise<string[]> {
  const { rows } = await admin.query<{ shown: string }>(
    `select concat_ws(' ', user_id, entry, left_because) as shown from journeys where tenant_id = $1 order by 1`,
    [tenantId],
  );
  return rows.map(({ shown }) => shown);
}

/** Makes room for events of a month that has not come yet, as a clock that runs ahead of ours needs. */
export async function openMonthOf({ admin }: Pick<TestDatabase, 'admin'>, atMs: number): Promise<void> {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const [from, to] = [new Date(Date.UTC(year, month)), new Date(Date.UTC(year, month + 1))].map((day) => day.toISOString());
  const name = `events_${from?.slice(0, 7).replace('-', '_')}`;
  await admin.query(`create table if not exists ${name} partition of events for values from ('${from}') to ('${to}')`);
}
