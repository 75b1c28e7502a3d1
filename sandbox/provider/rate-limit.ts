export type RateLimit = { readonly requests: number; readonly windowMs: number };

/** So many requests in each window of time. */
export function rateLimiter(limit: RateLimit, now: () => number) {
  let current = limit;
  let windowStart = now();
  let used = 0;
  return {
    set(next: RateLimit): void {
      current = next;
      windowStart = now();
      used = 0;
    },
    /** Counts a request; false when it is one too many. */
    take(): boolean {
      if (now() >= windowStart + current.windowMs) {
        windowStart = now();
        used = 0;
      }
      used += 1;
      return used <= current.requests;
    },
    state: () => ({
      limit: current.requests,
      remaining: Math.max(0, current.requests - used),
      resetAtMs: windowStart + current.windowMs,
    }),
  };
}
