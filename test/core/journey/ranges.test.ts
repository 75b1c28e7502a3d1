import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fromRanges, toRanges } from '../../../core/journey/ranges.js';

describe('ranges', () => {
  it('hold every number once, in order, whatever the order they came in', () => {
    const numbers = fc.array(fc.nat({ max: 499 }), { maxLength: 600 });
    fc.assert(
      fc.property(numbers, (given) => {
        assert.deepEqual(
          fromRanges(toRanges(given)),
          [...new Set(given)].sort((a, b) => a - b),
        );
      }),
    );
  });

  it('are as few as there are gaps', () => {
    assert.deepEqual(toRanges(Array.from({ length: 500 }, (_, n) => n)), [[0, 499]]);
    assert.deepEqual(toRanges([7, 3, 4, 5, 9]), [
      [3, 5],
      [7, 7],
      [9, 9],
    ]);
    assert.deepEqual(toRanges([]), []);
  });
});
