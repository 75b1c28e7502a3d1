import { randomBytes } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import type { Offer } from '../../core/template/offer.js';
import { addCodes, makeCodes } from '../../db/queries/offer-codes.js';
import { createOffer, type OfferRow } from '../../db/queries/offers.js';
import type { TestDatabase } from './database.js';

export const TWENTY_OFF: Offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 };

/** An offer with these codes, or so many that are made. */
export async function addOffer(
  database: TestDatabase,
  tenantId: TenantId,
  codes: readonly string[] | number,
  { key = 'spring', words = TWENTY_OFF }: { readonly key?: string; readonly words?: Offer } = {},
): Promise<OfferRow> {
  return database.withTenant(tenantId, async (tx) => {
    const row = { tenantId, offerKey: key, words, pattern: '#####-#####', createdBy: 'test', createdAt: new Date() };
    const { offer } = await createOffer(tx, row);
    if (typeof codes === 'number') await makeCodes(tx, { ...offer, pattern: row.pattern }, { inAll: codes, randomBytes });
    else await addCodes(tx, offer, codes);
    return offer;
  });
}
