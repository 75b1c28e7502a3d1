import type { MessageStatus } from '../../db/queries/send-ledger.js';
import { keyOf, type MessageKey } from './accepted.js';
import type { Channel } from './people.js';
import { wayOf } from './providers/all.js';
import type { Tenant, World } from './world.js';

/** A message as the ledger has it. */
export type Row = {
  readonly key: MessageKey;
  readonly way: string;
  readonly person: string;
  readonly user_id: string;
  readonly channel: Channel;
  readonly status: MessageStatus;
  readonly reason: string | null;
  /** When a suppression of its address was committed, and whether its call could see it when it began. */
  readonly hushed_ms: number | null;
  readonly was_hushed: boolean | null;
};

export async function readLedger({ database, tenants }: World): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const tenant of tenants) {
    const found = await database.admin.query<Read>(READ, [tenant.tenantId, tenant.campaignId]);
    for (const row of found.rows) rows.push(known(tenant, row));
  }
  return rows;
}

type Read = Omit<Row, 'key' | 'way' | 'person'> & { readonly id: number };

function known({ name }: Tenant, { id, ...row }: Read): Row {
  const way = wayOf(name, row.channel).name;
  return { ...row, key: keyOf(way, id), way, person: `${name} ${row.user_id}` };
}

const READ = `
  select m.message_id::float8 as id, m.user_id, m.channel, m.status, m.reason,
    pg_visible_in_snapshot(s.xmin::text::xid8, c.snapshot) as was_hushed,
    extract(epoch from pg_xact_commit_timestamp(s.xmin))::float8 * 1000 as hushed_ms
  from messages m
  left join calls c on c.tenant_id = m.tenant_id and c.call_id = m.call_id
  left join suppressions s on s.tenant_id = m.tenant_id and s.channel = m.channel and s.address_hash = m.address_hash
  where m.tenant_id = $1 and m.campaign_id = $2`;

/** People whose places under the caps are not as many as the messages that took one. */
export async function countMiscounted({ database, tenants }: World): Promise<number> {
  const { rows } = await database.admin.query<{ people: number }>(
    `select count(*)::int as people
     from (select tenant_id, user_id, count(*) as taken from messages where spent_at is not null group by tenant_id, user_id) m
     full join (select tenant_id, user_id, cardinality(times) as places from recent_sends) r using (tenant_id, user_id)
     where tenant_id = any ($1) and coalesce(taken, 0) <> coalesce(places, 0)`,
    [tenants.map(({ tenantId }) => tenantId)],
  );
  return rows[0]?.people ?? 0;
}
