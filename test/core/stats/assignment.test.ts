import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assign } from '../../../core/stats/assignment.js';

type Costs = readonly (readonly number[])[];
const costOf = (costs: Costs, columns: readonly number[]) =>
  columns.reduce((sum, column, row) => sum + (costs[row]?.[column] ?? Number.NaN), 0);

/** The least cost over every way to give each row a column of its own. */
function leastByTrying(costs: Costs, row = 0, taken = new Set<number>()): number {
  const own = costs[row];
  if (!own) return 0;
  const ways = own.flatMap((cost, column) =>
    taken.has(column) ? [] : [cost + leastByTrying(costs, row + 1, new Set([...taken, column]))],
  );
  return Math.min(...ways);
}

const matrix = (cost: fc.Arbitrary<number>) =>
  fc
    .integer({ min: 1, max: 7 })
    .chain((columns) =>
      fc
        .integer({ min: 1, max: Math.min(columns, 6) })
        .chain((rows) => fc.array(fc.array(cost, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows })),
    );

function isBest(costs: Costs): void {
  const columns = assign(costs);
  assert.equal(new Set(columns).size, costs.length);
  assert.ok(columns.every((column) => column >= 0 && column < (costs[0]?.length ?? 0)));
  const [found, least] = [costOf(costs, columns), leastByTrying(costs)];
  assert.ok(Math.abs(found - least) <= 1e-9 * Math.max(1, Math.abs(least)), `${found} is more than ${least}`);
}

describe('the assignment of least cost', () => {
  it('is the one of the example', () => {
    assert.deepEqual(
      assign([
        [4, 1, 3],
        [2, 0, 5],
        [3, 2, 2],
      ]),
      [1, 0, 2],
    );
  });

  it('costs as little as the best of all permutations, with as many columns as rows or more', () => {
    fc.assert(fc.property(matrix(fc.double({ min: -1000, max: 1000, noNaN: true })), isBest), { numRuns: 200 });
  });

  it('does so where many costs are equal, and where they are of very different sizes', () => {
    fc.assert(fc.property(matrix(fc.nat(2)), isBest), { numRuns: 200 });
    fc.assert(fc.property(matrix(fc.constantFrom(0, 1, 1000, 1001.5, 1e6)), isBest), { numRuns: 100 });
  });

  it('takes seven rows and seven columns', () => {
    const seven = fc.array(fc.nat(100), { minLength: 7, maxLength: 7 });
    fc.assert(fc.property(fc.array(seven, { minLength: 7, maxLength: 7 }), isBest), { numRuns: 10 });
  });

  it('is nothing for nothing, and refuses what cannot be assigned', () => {
    assert.deepEqual(assign([]), []);
    assert.throws(() => assign([[1], [2]]), /2 rows cannot have a column each of 1/);
    assert.throws(() => assign([[1, Number.NaN]]), /finite/);
    assert.throws(() => assign([[1, 2], [3]]), /as many in each row/);
  });
});
