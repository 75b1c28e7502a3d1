import { rowsIn, type Manifest, type Part } from './manifest.js';

export type LakeMonth = { readonly month: string; readonly parts: number; readonly rows: number; readonly bytes: number };

/** What a person wants to know of a lake. */
export type LakeDescription = {
  readonly version: number;
  /** False between two steps of an update. */
  readonly whole: boolean;
  readonly writtenAt: Date;
  readonly snapshot: string;
  readonly buckets: number;
  readonly months: readonly LakeMonth[];
  /** Users whose older rows no longer count, and still lie in the parts. */
  readonly voids: number;
  /** Events in PostgreSQL that the lake does not hold yet. */
  readonly tailRows: number;
};

export function describe(manifest: Manifest, tailRows: number): LakeDescription {
  const { version, whole, snapshot, buckets, parts, voids, writtenAtMs } = manifest;
  const months = [...new Set(parts.map(({ month }) => month))].sort();
  return {
    version,
    whole,
    writtenAt: new Date(writtenAtMs),
    snapshot,
    buckets,
    months: months.map((month) =>
      describeMonth(
        month,
        parts.filter((part) => part.month === month),
      ),
    ),
    voids: voids?.users ?? 0,
    tailRows,
  };
}

function describeMonth(month: string, parts: readonly Part[]): LakeMonth {
  return { month, parts: parts.length, rows: rowsIn(parts), bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) };
}
