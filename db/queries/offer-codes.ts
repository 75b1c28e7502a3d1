import { sql, type SQL } from 'drizzle-orm';
import { codesOf } from '../../core/offer/code-pattern.js';
import type { TenantTransaction } from '../client.js';
import type { OfferRow } from './offers.js';
import type { StepOfBatch } from './send-ledger.js';

/** How many codes an offer has; a free one that somebody has bought with is not given any more. */
export type CodeCounts = { readonly codes: number; readonly free: number; readonly given: number; readonly redeemed: number };

/** The two indexes of codes, in the words of their conditions. */
const FREE = sql`given_at is null and redeemed_at is null`;
const GONE = sql`(given_at is not null or redeemed_at is not null)`;

export async function countCodes(tx: TenantTransaction, { tenantId, offerId }: OfferRow): Promise<CodeCounts> {
  const { rows } = await tx.execute<CodeCounts>(sql`
    select f.codes + g.codes as codes, f.codes as free, g.given, g.redeemed
    from (select count(*)::float8 as codes from offer_codes where tenant_id = ${tenantId} and offer_id = ${offerId} and ${FREE}) f,
      (select count(*)::float8 as codes, count(given_at)::float8 as given, count(redeemed_at)::float8 as redeemed
       from offer_codes where tenant_id = ${tenantId} and offer_id = ${offerId} and ${GONE}) g`);
  return rows[0] ?? { codes: 0, free: 0, given: 0, redeemed: 0 };
}

/** A code that was not added: it is among these `twice`, the offer has it (`known`), or another one has (`other`). */
export type CodeLeftOut = { readonly code: string; readonly because: 'twice' | 'known' | 'other' };

/** Adds codes to an offer, and says which were not added. */
export async function addCodes(
  tx: TenantTransaction,
  { tenantId, offerId }: OfferRow,
  codes: readonly string[],
): Promise<readonly CodeLeftOut[]> {
  const { rows } = await tx.execute<CodeLeftOut>(
    sql`select code, because from add_codes(${tenantId}, ${offerId}, ${sql.param([...codes])}::text[])`,
  );
  return rows;
}

const MADE_TOGETHER = 5_000;

/** Makes codes by the offer's pattern until it has so many in all; gives how many were made. Again, it makes none. */
export async function makeCodes(
  tx: TenantTransaction,
  offer: OfferRow & { readonly pattern: string },
  { inAll, randomBytes }: { readonly inAll: number; readonly randomBytes: (bytes: number) => Uint8Array },
): Promise<number> {
  const { tenantId, offerId, pattern } = offer;
  // Whoever makes some at the same time waits, and then finds them.
  await tx.execute(sql`select from offers where tenant_id = ${tenantId} and offer_id = ${offerId} for no key update`);
  const { codes } = await countCodes(tx, offer);
  let missing = inAll - codes;
  while (missing > 0) {
    const drawn = codesOf(pattern, Math.min(missing, MADE_TOGETHER), randomBytes);
    missing -= drawn.length - (await addCodes(tx, offer, drawn)).length;
  }
  return Math.max(0, inAll - codes);
}

export type CodeRow = {
  readonly codeId: number;
  readonly code: string;
  readonly userId: string | null;
  readonly campaignKey: string | null;
  readonly givenAt: Date | null;
  readonly expiresAt: Date | null;
  readonly redeemedAt: Date | null;
};

/** Codes of an offer in their order, after `after`. */
export async function listCodes(
  tx: TenantTransaction,
  { tenantId, offerId }: OfferRow,
  { state, after, limit }: { readonly state?: 'free' | 'given' | 'redeemed' | undefined; readonly after: number; readonly limit: number },
): Promise<readonly CodeRow[]> {
  const inState = { free: FREE, given: sql`${GONE} and given_at is not null`, redeemed: sql`${GONE} and redeemed_at is not null` };
  const codesThat = (condition: SQL) => sql`(
    select * from offer_codes where tenant_id = ${tenantId} and offer_id = ${offerId} and code_id > ${after} and ${condition}
    order by offer_id, code_id limit ${limit})`;
  const wanted = state ? codesThat(inState[state]) : sql`(${codesThat(FREE)} union all ${codesThat(GONE)})`;
  const { rows } = await tx.execute<Record<keyof CodeRow, unknown>>(sql`
    select c.code_id::float8 as "codeId", c.code, case when c.user_id not like 'deleted/%' and c.user_id not like 'merged/%' then c.user_id end as "userId",
      o.campaign_key as "campaignKey", c.given_at as "givenAt", c.expires_at as "expiresAt", c.redeemed_at as "redeemedAt"
    from ${wanted} c left join outreach_campaigns o on o.tenant_id = ${tenantId} and o.id = c.campaign_id
    order by c.code_id limit ${limit}`);
  const timeOf = (value: unknown): Date | null => (value === null ? null : new Date(String(value)));
  return rows.map((row) => ({
    codeId: Number(row.codeId),
    code: String(row.code),
    userId: row.userId === null ? null : String(row.userId),
    campaignKey: row.campaignKey === null ? null : String(row.campaignKey),
    givenAt: timeOf(row.givenAt),
    expiresAt: timeOf(row.expiresAt),
    redeemedAt: timeOf(row.redeemedAt),
  }));
}

/** The code of somebody's entry. Without a last day it holds until somebody buys with it. */
export type GivenCode = {
  readonly userId: string;
  readonly code: string;
  readonly lastDay: string | null;
  readonly daysLeft: number | null;
};

/** Gives people of a batch a code each, the same again for their entry; whoever is not in the answer got none, because none is left. */
export async function giveCodes(
  tx: TenantTransaction,
  { tenantId, campaignId, batch }: StepOfBatch,
  { offerId, userIds, at }: { readonly offerId: number; readonly userIds: readonly string[]; readonly at: Date },
): Promise<ReadonlyMap<string, GivenCode>> {
  const { rows } = await tx.execute<GivenCode>(sql`
    select user_id as "userId", code, last_day as "lastDay", days_left as "daysLeft"
    from give_codes(${tenantId}, ${offerId}, ${campaignId}, ${batch}, ${sql.param([...userIds])}::text[], ${at.toISOString()}::timestamptz)`);
  return new Map(rows.map((row) => [row.userId, row]));
}
