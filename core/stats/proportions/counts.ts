import { requireSuccesses } from '../rules.js';

/** How many of an arm's users did the thing that counts. */
export type Counts = { readonly successes: number; readonly trials: number };

export function requireCounts({ successes, trials }: Counts, what: string): void {
  requireSuccesses(successes, trials, what);
}
