/** A pause longer than this ends a session. */
export const SESSION_GAP_MS = 30 * 60_000;

/**
 * The engagement time of a user: the seconds between the first and the last event of each session in their conversion window,
 * added up. A session ends with half an hour without an event, so one of a single event counts 0 seconds. Times need no order.
 *
 * @example engagementSeconds([0, 60_000, 7_200_000]) // → 60
 */
export function engagementSeconds(eventTimesMs: readonly number[]): number {
  const times = [...eventTimesMs].sort((left, right) => left - right);
  let sum = 0;
  for (let i = 1; i < times.length; i += 1) {
    const pause = (times[i] ?? 0) - (times[i - 1] ?? 0);
    if (pause <= SESSION_GAP_MS) sum += pause;
  }
  return sum / 1000;
}
