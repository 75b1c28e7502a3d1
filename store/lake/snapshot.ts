/** PostgreSQL's `xmin:xmax:xip,…`: a transaction is visible below xmin, or below xmax and not in the list of those then running. */
export type Snapshot = string;

/** Sees nothing: what an empty lake holds. */
export const EMPTY_SNAPSHOT: Snapshot = '1:1:';

export type SnapshotParts = { readonly xmin: bigint; readonly xmax: bigint; readonly running: readonly bigint[] };

export function parseSnapshot(snapshot: Snapshot): SnapshotParts {
  const match = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(snapshot);
  if (!match) throw new Error(`not a snapshot of PostgreSQL: ${snapshot.slice(0, 80)}`);
  const [, xmin = '', xmax = '', running = ''] = match;
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), running: running ? running.split(',').map(BigInt) : [] };
}

/** All transactions below `xid`, which must all have ended. */
export const snapshotBelow = (xid: bigint): Snapshot => `${xid}:${xid}:`;

/** A condition for PostgreSQL: visible in `to` and not yet in `from`. Its first part lets the index on (tenant_id, tx) serve. */
export function committedBetween(column: string, from: Snapshot, to: Snapshot): string {
  const { xmin } = parseSnapshot(from);
  parseSnapshot(to);
  return (
    `${column} >= '${xmin}'::xid8 and not pg_visible_in_snapshot(${column}, '${from}'::pg_snapshot)` +
    ` and pg_visible_in_snapshot(${column}, '${to}'::pg_snapshot)`
  );
}
