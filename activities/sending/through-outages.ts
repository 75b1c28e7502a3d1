import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../failures.js';

export type Patience = { readonly forMs: number; readonly everyMs: number };

const ORDINARY: Patience = { forMs: 60_000, everyMs: 200 };

/** Does again what may be done twice while the database is away. When patience ends, the last failure is thrown. */
export async function throughOutages<T>(work: () => Promise<T>, { forMs, everyMs }: Patience = ORDINARY): Promise<T> {
  const deadlineMs = performance.now() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== 'unavailable' || performance.now() >= deadlineMs) throw error;
      await sleep(everyMs);
    }
  }
}
