/**
 * Adjusted Rand index of two labellings of the same things: 1 for the same grouping under any names, about 0 for groupings that
 * agree by chance. Two labellings that each put all in one group agree: 1.
 *
 * Source: Hubert and Arabie, "Comparing partitions", 1985.
 *
 * @example adjustedRandIndex([0, 0, 1, 1], [1, 1, 0, 0]) // → 1
 */
export function adjustedRandIndex(left: ArrayLike<number>, right: ArrayLike<number>): number {
  if (left.length !== right.length) throw new RangeError('two labellings of the same things are expected');
  const cells = new Map<string, number>();
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  for (let i = 0; i < left.length; i++) {
    const [l, r] = [left[i] ?? 0, right[i] ?? 0];
    count(cells, `${l} ${r}`);
    count(rows, l);
    count(columns, r);
  }
  const together = pairsIn(cells.values());
  const inRows = pairsIn(rows.values());
  const inColumns = pairsIn(columns.values());
  const all = pairs(left.length);
  const expected = all === 0 ? 0 : (inRows * inColumns) / all;
  const most = (inRows + inColumns) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}

const pairs = (n: number) => (n * (n - 1)) / 2;

function pairsIn(counts: Iterable<number>): number {
  let sum = 0;
  for (const n of counts) sum += pairs(n);
  return sum;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
