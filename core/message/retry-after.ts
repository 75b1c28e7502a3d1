const LONGEST_WAIT_MS = 3_600_000;
const SHORTEST_WAIT_MS = 1_000;

/**
 * How long an answer asks to wait, within a second and an hour: seconds, or a time by the provider's clock, which stands in the answer's
 * own date, since ours may be wrong.
 */
export function retryWaitOf(headers: Readonly<Record<string, unknown>>, nowMs: number): number | undefined {
  const after = headers['retry-after'];
  if (typeof after !== 'string') return undefined;
  const theirNowMs = Date.parse(String(headers['date']));
  const waitMs = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - (Number.isNaN(theirNowMs) ? nowMs : theirNowMs);
  return Number.isFinite(waitMs) ? Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, waitMs)) : undefined;
}
