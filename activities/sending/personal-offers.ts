import type { PersonalOffer, StepOffer } from '../../core/template/offer.js';
import { parseTenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../../db/client.js';
import { giveCodes, type GivenCode } from '../../db/queries/offer-codes.js';
import { findOffer } from '../../db/queries/offers.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { Unsent } from './unsent.js';

/** How long a message waits for codes before it is tried again. */
const NO_CODES_WAIT_MS = 3_600_000;

/** What a step offers to one person, or why they cannot be told. */
export type OfferFor = (userId: string) => { readonly offer?: PersonalOffer } | Unsent;

/**
 * What a step offers to each of these users. Where it `says` what is theirs alone, and its offer has codes, they are given one each, once for
 * their entry. Costs nothing elsewhere.
 */
export async function offersTo(
  tx: TenantTransaction,
  step: StepOfBatch,
  {
    offer,
    says,
    userIds,
    at,
  }: { readonly offer: StepOffer | undefined; readonly says: boolean; readonly userIds: readonly string[]; readonly at: Date },
): Promise<OfferFor> {
  if (offer === undefined) return () => ({});
  const { offer_id: offerKey, ...words } = offer;
  if (offerKey === undefined || !says || userIds.length === 0) return () => ({ offer: words });
  const found = await findOffer(tx, parseTenantId(step.tenantId), offerKey);
  if (!found) throw new Error(`there is no offer ${offerKey}`);
  const given = await giveCodes(tx, step, { offerId: found.offerId, userIds, at });
  const until = new Date(at.getTime() + NO_CODES_WAIT_MS);
  return (userId) => personal(words, given.get(userId)) ?? { because: `the offer ${offerKey} has no codes left`, until };
}

function personal(words: PersonalOffer, given: GivenCode | undefined): ReturnType<OfferFor> | undefined {
  if (given === undefined) return undefined;
  const { code, lastDay, daysLeft } = given;
  if (daysLeft !== null && daysLeft < 0) return { because: 'the code of its offer has expired' };
  return { offer: { ...words, code, ...(lastDay !== null && daysLeft !== null && { expires_at: lastDay, days_left: daysLeft }) } };
}
