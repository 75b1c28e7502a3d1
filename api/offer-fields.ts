import { z } from 'zod';
import { codeFault, parseCodePattern } from '../core/offer/code-pattern.js';
import { wordsOfOfferFaults } from '../core/journey/offer-faults.js';
import { labelledOffer, type Offer } from '../core/template/offer.js';
import type { CodeCounts, CodeLeftOut, CodeRow } from '../db/queries/offer-codes.js';
import type { NewOffer, OfferRow } from '../db/queries/offers.js';
import { RequestProblem } from './errors.js';
import { parsedBy, storableText, Timestamp } from './fields.js';
import { present } from './present.js';

const OfferKey = z.string().regex(/^[A-Za-z0-9][\w-]{0,99}$/, '1 to 100 letters, digits, _ and - are expected');
export const OfferParams = z.strictObject({ offer_id: storableText(1, 255).describe('As whoever made it called it, or `off_…`.') });

const Word = storableText(0, 255);

export const NewOfferBody = z.strictObject({
  offer_id: OfferKey.optional().describe('One of its own when absent.'),
  type: Word.optional().describe('`discount`, when absent.'),
  value: z.number().optional(),
  unit: Word.optional().describe('`percent`, or a currency in whose major units the value counts.'),
  expiry_days: z.number().optional().describe('For so many days after somebody was given it, their code holds. For ever, when absent.'),
  label: Word.optional().describe('The offer in words, where value and unit do not say it.'),
  pattern: parsedBy(parseCodePattern, z.string())
    .optional()
    .describe('Of codes that are made: each # of `SPRING-########` is drawn, 8 or more of them. Without one, codes are uploaded.'),
});

/** What is asked for, as a row; throws all that is wrong with it. */
export function newOffer(
  { offer_id, pattern, ...words }: z.output<typeof NewOfferBody>,
  about: Pick<NewOffer, 'tenantId' | 'createdBy' | 'createdAt'> & { readonly freshKey: string },
): NewOffer {
  const { freshKey, ...row } = about;
  const offer: Offer = present(words);
  const faults = wordsOfOfferFaults(offer, 'offer').map(({ field, message }) => ({
    in: 'body' as const,
    path: field.replace(/^offer\.?/, ''),
    message,
  }));
  if (faults.length > 0) {
    throw new RequestProblem('invalid', faults.map(({ path, message }) => `body ${path}: ${message}`).join('; '), { faults });
  }
  return { ...row, offerKey: offer_id ?? freshKey, words: offer, pattern: pattern ?? null };
}

const Counts = z.object({
  codes: z.int(),
  free: z.int().describe('Not given to anybody, and bought with by nobody.'),
  given: z.int(),
  redeemed: z.int().describe('Somebody has bought with them.'),
});

export const OfferShown = z.object({
  offer_id: z.string(),
  type: z.string().nullable(),
  value: z.number().nullable(),
  unit: z.string().nullable(),
  expiry_days: z.int().nullable(),
  label: z.string().nullable().describe('The offer in words: `20% off`.'),
  pattern: z.string().nullable(),
  counts: Counts,
  created_by: z.string(),
  created_at: Timestamp,
});

export function offerShown({ offerKey, words, pattern, createdBy, createdAt }: OfferRow, counts: CodeCounts): z.input<typeof OfferShown> {
  const { type = null, value = null, unit = null, expiry_days = null, label = null } = labelledOffer(words);
  return {
    offer_id: offerKey,
    type,
    value,
    unit,
    expiry_days,
    label,
    pattern,
    counts: { ...counts },
    created_by: createdBy,
    created_at: createdAt,
  };
}

const MOST_CODES = 5_000;

export const NewCodes = z.union([
  z.strictObject({ codes: z.array(storableText(0, 1_000)).min(1).max(MOST_CODES).describe('Upper and lower case are the same code.') }),
  z.strictObject({
    make_until: z.int().min(1).max(100_000_000).describe('So many codes the offer is to have in all; the missing ones are made.'),
  }),
]);

export const CodesAdded = z.object({
  added: z.int(),
  left_out: z
    .array(z.object({ code: z.string(), because: z.enum(['twice', 'known', 'other_offer', 'not_a_code']) }))
    .describe('`twice` among these; `known`: the offer has it already; `other_offer`: another one has it.'),
  counts: Counts,
});

/** What can be a code of what was uploaded, and what cannot. */
export function readCodes(codes: readonly string[]): {
  readonly codes: readonly string[];
  readonly leftOut: z.input<typeof CodesAdded>['left_out'];
} {
  const trimmed = codes.map((code) => code.trim());
  return {
    codes: trimmed.filter((code) => codeFault(code) === undefined),
    leftOut: trimmed.flatMap((code) => (codeFault(code) === undefined ? [] : [{ code, because: 'not_a_code' as const }])),
  };
}

export const leftOutShown = ({ code, because }: CodeLeftOut) => ({
  code,
  because: because === 'other' ? ('other_offer' as const) : because,
});

export const CodeShown = z.object({
  code: z.string(),
  user_id: z.string().nullable().describe('Null while it is free, and once the person was deleted.'),
  campaign_id: z.string().nullable(),
  given_at: Timestamp.nullable(),
  expires_at: Timestamp.nullable().describe("When its last day is over, on the tenant's calendar."),
  redeemed_at: Timestamp.nullable(),
});

export const codeShown = ({ code, userId, campaignKey, givenAt, expiresAt, redeemedAt }: CodeRow): z.input<typeof CodeShown> => ({
  code,
  user_id: userId,
  campaign_id: campaignKey,
  given_at: givenAt,
  expires_at: expiresAt,
  redeemed_at: redeemedAt,
});
