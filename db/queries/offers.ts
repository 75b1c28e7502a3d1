import { isDeepStrictEqual } from 'node:util';
import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { CampaignRequest, PlanFault } from '../../core/journey/campaign-request.js';
import { promiseFaults } from '../../core/journey/offer-faults.js';
import type { PlanContent } from '../../core/journey/plan.js';
import type { TenantTransaction } from '../client.js';
import { offers } from '../tables/offers.js';

export type OfferRow = typeof offers.$inferSelect;
export type NewOffer = Omit<OfferRow, 'offerId'>;

/** Writes an offer down. The same again changes nothing; throws `conflict` where its key is another offer's. */
export async function createOffer(tx: TenantTransaction, offer: NewOffer): Promise<{ readonly offer: OfferRow; readonly isNew: boolean }> {
  const [created] = await tx.insert(offers).values(offer).onConflictDoNothing().returning();
  if (created) return { offer: created, isNew: true };
  const known = await requireOffer(tx, offer.tenantId as TenantId, offer.offerKey);
  if (!isDeepStrictEqual([known.words, known.pattern], [offer.words, offer.pattern])) {
    throw new DomainError('conflict', `there is another offer ${offer.offerKey} already, and what an offer's codes give never changes`);
  }
  return { offer: known, isNew: false };
}

export async function findOffer(tx: TenantTransaction, tenantId: TenantId, offerKey: string): Promise<OfferRow | undefined> {
  const rows = await tx
    .select()
    .from(offers)
    .where(and(eq(offers.tenantId, tenantId), eq(offers.offerKey, offerKey)));
  return rows[0];
}

export async function requireOffer(tx: TenantTransaction, tenantId: TenantId, offerKey: string): Promise<OfferRow> {
  const offer = await findOffer(tx, tenantId, offerKey);
  if (!offer) throw new DomainError('not_found', 'there is no such offer');
  return offer;
}

/** The latest first, before the offer `before`. */
export function listOffers(
  tx: TenantTransaction,
  tenantId: TenantId,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
): Promise<OfferRow[]> {
  const conditions: SQL[] = [eq(offers.tenantId, tenantId)];
  if (before !== undefined) conditions.push(lt(offers.offerId, before));
  return tx
    .select()
    .from(offers)
    .where(and(...conditions))
    .orderBy(desc(offers.offerId))
    .limit(limit);
}

/** What is wrong with the offers of the tenant's that a campaign names, and its contents with the words of those. */
export async function resolveOffers(
  tx: TenantTransaction,
  tenantId: TenantId,
  { sequence }: CampaignRequest,
): Promise<{ readonly faults: readonly PlanFault[]; readonly complete: (contents: readonly PlanContent[]) => readonly PlanContent[] }> {
  const named = new Set(sequence.flatMap(({ offer }) => offer?.offer_id ?? []));
  const found = new Map<string, OfferRow>();
  for (const key of named) {
    const offer = await findOffer(tx, tenantId, key);
    if (offer) found.set(key, offer);
  }
  const faults = sequence.flatMap(({ offer }, i): readonly PlanFault[] => {
    if (offer?.offer_id === undefined) return [];
    const field = `sequence[${i}].offer`;
    const given = found.get(offer.offer_id);
    if (!given) return [{ field: `${field}.offer_id`, message: 'there is no such offer: POST /v1/offers makes one' }];
    return promiseFaults(offer, given.words, field);
  });
  const complete = (contents: readonly PlanContent[]) =>
    contents.map((content) => {
      const given = content.offer?.offer_id === undefined ? undefined : found.get(content.offer.offer_id);
      return given ? { ...content, offer: { ...given.words, ...content.offer } } : content;
    });
  return { faults, complete };
}
