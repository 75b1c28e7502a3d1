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

/**
 * What a snapshot sees of the transactions below `xid`. Taken of one snapshot and then of a later one, with an xid that only grows,
 * each sees all that the one before it did: what was running then is not seen until it has ended.
 */
export function snapshotBelow(snapshot: Snapshot, xid: bigint): Snapshot {
  const { xmax, running } = parseSnapshot(snapshot);
  if (xid >= xmax) return snapshot;
  const stillRunning = running.filter((one) => one < xid);
  return `${stillRunning[0] ?? xid}:${xid}:${stillRunning.join(',')}`;
}

/** A condition for PostgreSQL: visible in `to` and not yet in `from`. Its first part lets the index on (tenant_id, tx) serve. */
export function committedBetween(column: string, from: Snapshot, to: Snapshot): string {
  return (
    `${column} >= '${parseSnapshot(from).xmin}'::xid8 and ${column} < '${parseSnapshot(to).xmax}'::xid8` +
    ` and not pg_visible_in_snapshot(${column}, '${from}'::pg_snapshot) and pg_visible_in_snapshot(${column}, '${to}'::pg_snapshot)`
  );
}
