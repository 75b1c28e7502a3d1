import { allowedFrom, type Recipient, type QuietRules } from './quiet-hours.js';

/** How long a claim may lie before its request is written; then everything is asked again. */
export const CLAIM_LASTS_MS = 2 * 60_000;
/** Until a request that was begun in time has arrived. */
const ARRIVES_WITHIN_MS = 60_000;
const MOST_DAYS_MS = 28 * 86_400_000;

/**
 * From when on a message to somebody may be claimed, at or after a moment: not so late within their hours that it would arrive after
 * them. Null where there is no such moment within four weeks.
 */
export function claimableFrom(atMs: number, recipient: Recipient, rules: QuietRules): number | null {
  const span = CLAIM_LASTS_MS + ARRIVES_WITHIN_MS;
  for (let ms = atMs; ms < atMs + MOST_DAYS_MS;) {
    const fromMs = allowedFrom(ms, recipient, rules);
    const next = fromMs === null ? null : allowedFrom(fromMs + span, recipient, rules);
    if (fromMs === null || next === null) return null;
    if (next === fromMs + span) return fromMs;
    ms = next;
  }
  return null;
}
