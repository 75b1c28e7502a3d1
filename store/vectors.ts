import type { DuckDBVector } from '@duckdb/node-api';

/** A column of a chunk that the query cast to DOUBLE, without nulls: its own memory, to be copied before the next chunk is fetched. */
export function doublesOf(vector: DuckDBVector): Float64Array {
  const items: unknown = Reflect.get(vector, 'items'); // the driver's own getters box each value
  if (!(items instanceof Float64Array)) throw new TypeError('a column of DOUBLE is expected');
  return items;
}
