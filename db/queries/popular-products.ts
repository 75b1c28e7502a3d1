import { sql, type SQL } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { BoughtProduct } from '../../core/recommend/popularity.js';
import type { TenantTransaction } from '../client.js';

/** From when on, and before when, purchases count. */
export type BoughtWithin = { readonly from: Date; readonly to: Date };

const MOST_PRODUCTS = 200;

/** What of a purchase is a product: each of its `products`, or itself where it lists none. */
const products: SQL = sql`
  jsonb_path_query(case when jsonb_typeof(e.properties -> 'products') = 'array' then e.properties -> 'products' else jsonb_build_array(e.properties) end,
    '$[*] ? (@.type() == "object")')`;
const productId: SQL = sql`coalesce(p.product ->> 'product_id', p.product ->> 'sku')`;
const between = ({ from, to }: BoughtWithin): SQL =>
  sql`e.event = 'purchase' and e.occurred_at >= ${from.toISOString()}::timestamptz and e.occurred_at < ${to.toISOString()}::timestamptz`;

/** What at least so many different people bought, the most bought first. Reads all purchases of the time. */
export async function readBoughtProducts(
  tx: TenantTransaction,
  tenantId: TenantId,
  { leastBuyers, ...within }: BoughtWithin & { readonly leastBuyers: number },
): Promise<readonly BoughtProduct[]> {
  const { rows } = await tx.execute<BoughtProduct>(sql`
    select b.id as "productId", count(distinct b.user_id)::int as buyers,
      (array_agg(b.product order by b.occurred_at desc, b.message_id))[1] as product,
      (array_agg(b.currency order by b.occurred_at desc, b.message_id))[1] as currency
    from (
      select e.user_id, e.occurred_at, e.message_id, e.currency, p.product, ${productId} as id
      from events e cross join lateral (select ${products}) p(product)
      where e.tenant_id = ${tenantId} and ${between(within)}) b
    where length(b.id) between 1 and 255
    group by b.id having count(distinct b.user_id) >= ${leastBuyers}
    order by 2 desc, b.id limit ${MOST_PRODUCTS}`);
  return rows;
}

/** What each of these users bought in that time; nobody who bought nothing. */
export async function readBoughtBy(
  tx: TenantTransaction,
  tenantId: TenantId,
  { userIds, ...within }: BoughtWithin & { readonly userIds: readonly string[] },
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await tx.execute<{ userId: string; ids: string[] }>(sql`
    select a.asked as "userId", array_agg(b.id) as ids
    from unnest(${sql.param([...userIds])}::text[]) a(asked)
    cross join lateral (
      select ${productId} as id from events e cross join lateral (select ${products}) p(product)
      where e.tenant_id = ${tenantId} and e.user_id = a.asked and ${between(within)} offset 0) b
    where b.id is not null
    group by 1`);
  return new Map(rows.map(({ userId, ids }) => [userId, new Set(ids)]));
}
