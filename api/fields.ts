import { z } from 'zod';
import { parseLocalDate, parseTenantId, parseUserId } from '../core/ids.js';

/**
 * The forms that every route uses. Fractions are 0 to 1 (the document's percent columns are divided by 100); money is
 * `{amount_minor, currency}` in the currency's minor units; times are ISO 8601 in UTC; days are the tenant's own.
 */

/** Text that PostgreSQL can store: no NUL, no unpaired surrogate. */
export const storableText = (minChars: number, maxChars: number) =>
  z
    .string()
    .min(minChars)
    .max(maxChars)
    .refine((text) => !text.includes('\0') && text.isWellFormed(), 'text without NUL and unpaired surrogates is expected');

/** A field whose meaning belongs to a parser of the core: its refusal becomes the fault that is reported. */
export function parsedBy<T>(parse: (text: string) => T, shape: z.ZodString) {
  return shape.transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

export const TenantIdField = parsedBy(parseTenantId, z.string().meta({ format: 'uuid', description: "The tenant's id in En Garde." }));
export const UserIdField = parsedBy(parseUserId, z.string().meta({ description: "The tenant's own id of a user.", maxLength: 255 }));
export const LocalDateField = parsedBy(
  parseLocalDate,
  z.string().meta({ format: 'date', description: "A day in the tenant's time zone.", examples: ['2025-12-28'] }),
);

/** What answers carry in the place of a day, an id: as it is stored. */
export const DateText = z.string().meta({ format: 'date' });
export const Timestamp = z
  .date()
  .transform((time) => time.toISOString())
  .pipe(z.string().meta({ format: 'date-time' }));
export const Fraction = z.number().min(0).max(1);
export const Money = z
  .object({ amount_minor: z.int(), currency: z.string().regex(/^[A-Z]{3}$/) })
  .describe("Money in minor units of the tenant's currency: 1999 is 19.99 USD, and 1999 JPY.");
export const JsonObject = z.record(z.string(), z.unknown());

/** `limit` and `cursor` of every list. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('How many to give at most.'),
  cursor: z.string().min(1).max(2_000).optional().describe('The next_cursor of the page before. Its content means nothing outside.'),
});

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable().describe('Null on the last page.') });
