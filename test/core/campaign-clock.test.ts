import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shownMs, waitMs } from '../../core/campaign/clock.js';

const START = Date.UTC(2026, 10, 25, 9);
const DAY_MS = 86_400_000;

describe('the clock of a campaign', () => {
  it('is ours where nothing is rehearsed', () => {
    const clock = { startMs: START, speed: 1 };
    assert.equal(shownMs(clock, START + 12_345.5), START + 12_345.5);
    assert.equal(waitMs(clock, START, START + 5_000), 5_000);
  });

  it('lets a day pass in five seconds in a rehearsal', () => {
    const clock = { startMs: START, speed: 17_280 };
    assert.equal(shownMs(clock, START + 5_000), START + DAY_MS);
    assert.equal(waitMs(clock, START, START + DAY_MS), 5_000);
    assert.equal(waitMs(clock, START + 4_000, START + DAY_MS), 1_000);
  });

  it('never waits for less than a millisecond, or it would turn without an end', () => {
    assert.equal(waitMs({ startMs: START, speed: 17_280 }, START, START - DAY_MS), 1);
  });
});
