import { randomBytes } from 'node:crypto';
import { NewOfferBody, newOffer, offerShown, readCodes } from '../api/offer-fields.js';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import { formatNumber } from '../core/numbers.js';
import { mostCodes } from '../core/offer/code-pattern.js';
import type { TenantTransaction } from '../db/client.js';
import { addCodes, countCodes, listCodes, makeCodes, type CodeCounts } from '../db/queries/offer-codes.js';
import { createOffer, listOffers, requireOffer, type OfferRow } from '../db/queries/offers.js';
import { requireTenant, withDatabase } from './database.js';
import { tableLines } from './table.js';

const print = (lines: readonly string[]): void => console.log(lines.join('\n'));

const inTenant = <T>(tenant: TenantId, work: (tx: TenantTransaction) => Promise<T>): Promise<T> =>
  withDatabase('offers', async (database) => {
    await requireTenant(database, tenant);
    return database.withTenant(tenant, work);
  });

export function create(tenant: TenantId, offerId: string, wish: Readonly<Record<string, unknown>>): Promise<void> {
  const parsed = NewOfferBody.safeParse({ offer_id: offerId, ...wish });
  if (!parsed.success) {
    throw new DomainError('invalid', parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  const wanted = newOffer(parsed.data, { tenantId: tenant, createdBy: 'cli', createdAt: new Date(), freshKey: offerId });
  return inTenant(tenant, async (tx) => {
    const { offer, isNew } = await createOffer(tx, wanted);
    print([`${offer.offerKey} ${isNew ? 'is made' : 'was there already'}: ${labelOf(offer)}`, countsLine(await countCodes(tx, offer))]);
  });
}

const labelOf = (offer: OfferRow): string => offerShown(offer, { codes: 0, free: 0, given: 0, redeemed: 0 }).label ?? '-';

const countsLine = ({ codes, free, given, redeemed }: CodeCounts): string =>
  `${formatNumber(codes)} codes: ${formatNumber(free)} free, ${formatNumber(given)} given, ${formatNumber(redeemed)} redeemed`;

const MOST_LISTED = 500;

export const list = (tenant: TenantId): Promise<void> =>
  inTenant(tenant, async (tx) => {
    const rows = [['offer id', 'what', 'codes', 'free', 'given', 'redeemed']];
    for (const offer of await listOffers(tx, tenant, { before: undefined, limit: MOST_LISTED })) {
      const { codes, free, given, redeemed } = await countCodes(tx, offer);
      rows.push([offer.offerKey, labelOf(offer), ...[codes, free, given, redeemed].map((count) => formatNumber(count))]);
    }
    print(tableLines(rows));
  });

export const show = (tenant: TenantId, offerId: string): Promise<void> =>
  inTenant(tenant, async (tx) => {
    const offer = await requireOffer(tx, tenant, offerId);
    print([`${offer.offerKey}: ${labelOf(offer)}`, countsLine(await countCodes(tx, offer))]);
  });

const UPLOADED_TOGETHER = 5_000;
const MOST_NAMED = 20;

export const upload = (tenant: TenantId, offerId: string, text: string): Promise<void> =>
  inTenant(tenant, async (tx) => {
    const offer = await requireOffer(tx, tenant, offerId);
    const { codes, leftOut } = readCodes(text.split(/\r?\n/).filter((line) => line.trim() !== ''));
    const left: { readonly code: string; readonly because: string }[] = [...leftOut];
    for (let from = 0; from < codes.length; from += UPLOADED_TOGETHER) {
      left.push(...(await addCodes(tx, offer, codes.slice(from, from + UPLOADED_TOGETHER))));
    }
    const added = codes.length + leftOut.length - left.length;
    const named = left.slice(0, MOST_NAMED).map(({ code, because }) => `  ${code}: ${because.replaceAll('_', ' ')}`);
    const more = left.length > MOST_NAMED ? [`  … and ${formatNumber(left.length - MOST_NAMED)} more`] : [];
    const leftLines = left.length > 0 ? [`${formatNumber(left.length)} were left out:`, ...named, ...more] : [];
    print([`${formatNumber(added)} were added.`, ...leftLines, countsLine(await countCodes(tx, offer))]);
  });

export const make = (tenant: TenantId, offerId: string, inAll: number): Promise<void> =>
  inTenant(tenant, async (tx) => {
    const offer = await requireOffer(tx, tenant, offerId);
    const { pattern } = offer;
    if (pattern === null) throw new DomainError('conflict', 'the offer has no pattern, so that its codes are uploaded');
    const most = mostCodes(pattern);
    if (!Number.isSafeInteger(inAll) || inAll < 1 || inAll > most) {
      throw new DomainError('invalid', `1 to ${formatNumber(most)} codes are expected, or those of ${pattern} could be guessed`);
    }
    const made = await makeCodes(tx, { ...offer, pattern }, { inAll, randomBytes });
    print([`${formatNumber(made)} were made.`, countsLine(await countCodes(tx, offer))]);
  });

const EXPORTED_TOGETHER = 10_000;

export const exportCodes = (tenant: TenantId, offerId: string): Promise<void> =>
  inTenant(tenant, async (tx) => {
    const offer = await requireOffer(tx, tenant, offerId);
    for (let after = 0; ;) {
      const rows = await listCodes(tx, offer, { after, limit: EXPORTED_TOGETHER });
      if (rows.length > 0) print(rows.map(({ code }) => code));
      after = rows.at(-1)?.codeId ?? after;
      if (rows.length < EXPORTED_TOGETHER) return;
    }
  });
