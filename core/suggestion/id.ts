import { createHash } from 'node:crypto';
import type { LocalDate, TenantId } from '../ids.js';

export type SuggestionSubject = {
  readonly tenantId: TenantId;
  readonly walkDate: LocalDate;
  readonly type: string;
  /** What the suggestion is about, by its id: a segment, a funnel, a test. */
  readonly subject: string;
};

const ID_HEX_DIGITS = 20;

/**
 * `sg_aud_…`: derived, so that a walk that is run again finds its own suggestion; and of 80 bits, so that among a thousand
 * million suggestions of all tenants two share an id with a probability below one in a million.
 */
export function suggestionId({ tenantId, walkDate, type, subject }: SuggestionSubject): string {
  const hash = createHash('sha256').update(JSON.stringify([tenantId, walkDate, type, subject]));
  return `sg_aud_${hash.digest('hex').slice(0, ID_HEX_DIGITS)}`;
}
