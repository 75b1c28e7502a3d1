import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitUntil } from '../../sandbox/processes.js';
import { startRepeating } from '../../workers/repeating.js';

describe('work that is done again and again', () => {
  it('goes on after it has failed, one after the other, until it is closed', async () => {
    const errors: unknown[] = [];
    let [runs, atOnce, most] = [0, 0, 0];
    const repeating = startRepeating(
      async () => {
        runs += 1;
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setTimeout(resolve, 2));
        atOnce -= 1;
        if (runs === 1) throw new Error('away');
      },
      { everyMs: 1, onError: (error) => void errors.push(error) },
    );
    assert.ok(await waitUntil(() => Promise.resolve(runs >= 4), 10_000, 5));
    await repeating.close();
    assert.deepEqual([atOnce, most, errors.length], [0, 1, 1]);
  });

  it('is told to end while it is at it, and is waited for', async () => {
    let isOver = false;
    let hasBegun = false;
    const repeating = startRepeating(
      async (signal) => {
        hasBegun = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        isOver = true;
      },
      { everyMs: 1, onError: () => undefined },
    );
    assert.ok(await waitUntil(() => Promise.resolve(hasBegun), 10_000, 5));
    await repeating.close();
    assert.ok(isOver);
  });
});
