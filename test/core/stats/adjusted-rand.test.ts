import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { adjustedRandIndex } from '../../../core/stats/adjusted-rand.js';

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

/** The labels of a contingency table: as many things with row r and column c as its cell says. */
function labelsOf(table: readonly (readonly number[])[]) {
  const cells = table.flatMap((row, r) => row.flatMap((count, c) => Array.from({ length: count }, () => [r, c] as const)));
  return [cells.map(([r]) => r), cells.map(([, c]) => c)] as const;
}

/** From the four kinds of pairs, by Steinley's form of the index (2004, equation 9): N(a + d) - [(a + b)(a + c) + (c + d)(b + d)] over the same with N². */
function byPairs(left: readonly number[], right: readonly number[]): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < left.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const [sameLeft, sameRight] = [left[i] === left[j], right[i] === right[j]];
      if (sameLeft && sameRight) a += 1;
      else if (sameLeft) b += 1;
      else if (sameRight) c += 1;
      else d += 1;
    }
  }
  const all = a + b + c + d;
  const chance = (a + b) * (a + c) + (c + d) * (b + d);
  return all * all === chance ? 1 : (all * (a + d) - chance) / (all * all - chance);
}

const labels = fc.integer({ min: 1, max: 40 }).chain((length) => {
  const some = fc.array(fc.nat(4), { minLength: length, maxLength: length });
  return fc.tuple(some, some);
});

describe('the adjusted Rand index', () => {
  it('is what the formula of Hubert and Arabie (1985) gives by hand for a table of 10 things', () => {
    // [[1,1,0],[1,2,1],[0,0,4]]: pairs in cells 1+6 = 7; in rows 1+6+6 = 13; in columns 1+3+10 = 14; of all 45.
    // (7 - 13·14/45) / ((13+14)/2 - 13·14/45) = 2.9555… / 9.4555… = 0.31257… = 266/851
    const [left, right] = labelsOf([
      [1, 1, 0],
      [1, 2, 1],
      [0, 0, 4],
    ]);
    near(adjustedRandIndex(left, right), 266 / 851);
  });

  it('is what scikit-learn documents for adjusted_rand_score', () => {
    near(adjustedRandIndex([0, 0, 1, 2], [0, 0, 1, 1]), 4 / 7); // 0.57…
    near(adjustedRandIndex([0, 0, 1, 1], [0, 0, 1, 2]), 4 / 7);
    assert.equal(adjustedRandIndex([0, 0, 0, 0], [0, 1, 2, 3]), 0);
  });

  it('is 1 for the same grouping under other names, all in one group and each alone among them', () => {
    fc.assert(
      fc.property(labels, ([left]) =>
        near(
          adjustedRandIndex(
            left,
            left.map((label) => 7 - label),
          ),
          1,
        ),
      ),
    );
    assert.equal(adjustedRandIndex([3, 3, 3], [1, 1, 1]), 1);
    assert.equal(adjustedRandIndex([1, 2, 3], [4, 5, 6]), 1);
    assert.equal(adjustedRandIndex([], []), 1);
    assert.equal(adjustedRandIndex(new Uint8Array(100_000), new Uint8Array(100_000)), 1);
  });

  it('is what counting all pairs gives, and the same both ways round', () => {
    fc.assert(
      fc.property(labels, ([left, right]) => {
        near(adjustedRandIndex(left, right), byPairs(left, right), 1e-9);
        near(adjustedRandIndex(left, right), adjustedRandIndex(right, left));
      }),
    );
  });

  it('refuses labellings of different things', () => {
    assert.throws(() => adjustedRandIndex([1], [1, 2]), RangeError);
  });
});
