import { parseLocalDate, type LocalDate, type TenantId } from '../../core/ids.js';
import { endOfLocalDate, localDateAt } from '../../core/local-date.js';
import { popularProducts, recommendationsFor, type PopularProduct } from '../../core/recommend/popularity.js';
import type { Recommendation } from '../../core/template/variables.js';
import type { TenantTransaction } from '../../db/client.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { readBoughtBy, readBoughtProducts, type BoughtWithin } from '../../db/queries/popular-products.js';
import { readTenant, type Tenant } from '../../db/queries/tenants.js';

/** What to look at next, for each of these users, the best first and no more than `most`; nothing of whom nothing is known for. */
export type Recommend = (
  tx: TenantTransaction,
  asked: { readonly tenantId: TenantId; readonly userIds: readonly string[]; readonly most: number; readonly at: Date },
) => Promise<ReadonlyMap<string, readonly Recommendation[]>>;

const DAY_MS = 86_400_000;
/** Whose purchases count, and what nobody is recommended who has bought it since. */
const WINDOW_DAYS = 30;
/** Else a mail would tell everybody what one person bought, or what somebody claims to have. */
const LEAST_BUYERS = 5;

type Popular = { readonly day: LocalDate; readonly within: BoughtWithin; readonly products: Promise<readonly PopularProduct[]> };

/**
 * Recommends what most people bought in the 30 days before the tenant's last midnight, and the person did not since. Read once a day for each
 * tenant: it stays the same until midnight.
 */
export function createPopularity(): Recommend {
  const known = new Map<TenantId, Popular>();
  async function popularOf(tx: TenantTransaction, tenant: Tenant, at: Date): Promise<Popular> {
    const { tenantId } = tenant;
    const day = localDateAt(at, tenant.timeZone);
    const found = known.get(tenantId);
    if (found?.day === day) return found;
    const to = endOfLocalDate(dayBefore(day), tenant.timeZone);
    const within = { from: new Date(to.getTime() - WINDOW_DAYS * DAY_MS), to };
    const popular = { day, within, products: readPopular(tx, tenant, within) };
    known.set(tenantId, popular);
    await popular.products.catch((error: unknown) => {
      if (known.get(tenantId) === popular) known.delete(tenantId);
      throw error;
    });
    return popular;
  }
  return async (tx, { tenantId, userIds, most, at }) => {
    const tenant = await readTenant(tx, tenantId);
    if (!tenant) return new Map();
    const popular = await popularOf(tx, tenant, at);
    const products = await popular.products;
    if (products.length === 0) return new Map();
    const bought = await readBoughtBy(tx, tenantId, { userIds, from: popular.within.from, to: at });
    return new Map(userIds.map((userId) => [userId, recommendationsFor(products, bought.get(userId) ?? new Set(), most)]));
  };
}

const dayBefore = (day: LocalDate): LocalDate =>
  parseLocalDate(new Date(Date.parse(`${day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10));

async function readPopular(
  tx: TenantTransaction,
  { tenantId, currency }: Tenant,
  within: BoughtWithin,
): Promise<readonly PopularProduct[]> {
  const sender = await findEmailSender(tx, tenantId);
  const bought = await readBoughtProducts(tx, tenantId, { ...within, leastBuyers: LEAST_BUYERS });
  return popularProducts(bought, { brandUrl: sender?.brandUrl ?? null, currency });
}
