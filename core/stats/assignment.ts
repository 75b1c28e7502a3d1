/**
 * The assignment problem (Hungarian method, after Kuhn and Munkres, with shortest augmenting paths): gives each row a column of
 * its own so that the sum of costs is the least. There must be at least as many columns as rows, and costs must be finite; it
 * takes rows² × columns steps. Of equally good columns the first is taken, so the answer is always the same.
 *
 * Source: Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems", 1987.
 *
 * @example assign([[4, 1, 3], [2, 0, 5], [3, 2, 2]]) // → [1, 0, 2]
 */
export function assign(costs: readonly (readonly number[])[]): number[] {
  const columns = costs[0]?.length ?? 0;
  if (columns < costs.length) throw new RangeError(`${costs.length} rows cannot have a column each of ${columns}`);
  if (costs.some((row) => row.length !== columns || row.some((cost) => !Number.isFinite(cost)))) {
    throw new RangeError('costs must be finite, and as many in each row');
  }
  const rowOf = Array.from({ length: columns }, () => -1);
  const rowPrice = costs.map(() => 0);
  const columnPrice = Array.from({ length: columns }, () => 0);
  for (let row = 0; row < costs.length; row++) augment(costs, row, { rowOf, rowPrice, columnPrice });
  return costs.map((_, row) => rowOf.indexOf(row));
}

type Matching = { readonly rowOf: number[]; readonly rowPrice: number[]; readonly columnPrice: number[] };

/** Brings one more row into the matching, along the cheapest path that ends at a free column, and moves the prices with it. */
function augment(costs: readonly (readonly number[])[], start: number, { rowOf, rowPrice, columnPrice }: Matching): void {
  const columns = rowOf.length;
  const distance = rowOf.map(() => Number.POSITIVE_INFINITY);
  const cameFrom = rowOf.map(() => -1);
  const done = rowOf.map(() => false);
  let row = start;
  let last = -1;
  let reached = 0;
  for (;;) {
    let nearest = -1;
    for (let column = 0; column < columns; column++) {
      if (done[column]) continue;
      const through = reached + at(costs[row] ?? [], column) - at(rowPrice, row) - at(columnPrice, column);
      if (through < at(distance, column)) {
        distance[column] = through;
        cameFrom[column] = last;
      }
      if (nearest < 0 || at(distance, column) < at(distance, nearest)) nearest = column;
    }
    done[nearest] = true;
    reached = at(distance, nearest);
    last = nearest;
    if (at(rowOf, nearest) < 0) break;
    row = at(rowOf, nearest);
  }
  rowPrice[start] = at(rowPrice, start) + reached;
  for (let column = 0; column < columns; column++) {
    if (!done[column] || column === last) continue;
    const change = reached - at(distance, column);
    columnPrice[column] = at(columnPrice, column) - change;
    const matched = at(rowOf, column);
    rowPrice[matched] = at(rowPrice, matched) + change;
  }
  for (let column = last; column >= 0;) {
    const before = at(cameFrom, column);
    rowOf[column] = before < 0 ? start : at(rowOf, before);
    column = before;
  }
}

/** The value of a list that is known to be long enough. */
function at(list: readonly number[], index: number): number {
  return list[index] ?? 0;
}
