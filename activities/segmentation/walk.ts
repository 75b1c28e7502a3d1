import { DomainError } from '../../core/errors.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { readTenant, type Tenant } from '../../db/queries/tenants.js';
import { findWalk } from '../../db/queries/walks.js';
import type { DuckDb } from '../../store/duckdb.js';
import type { Lake, LakePin } from '../../store/lake.js';
import type { ObjectStore } from '../../store/objects.js';
import { segmentationKeys } from './keys.js';

export type SegmentationDependencies = {
  readonly database: Database;
  readonly lake: Lake;
  readonly objects: ObjectStore;
  readonly duckdb: DuckDb;
  /** For scans of one bucket, several side by side. */
  readonly scans: DuckDb;
  /** For files that live as long as one activity. */
  readonly workDirectory: string;
};

/** With `execution`, only for as long as the walk's row belongs to it. */
export type SegmentationInput = { readonly tenantId: string; readonly walkDate: string; readonly execution?: string };

/** All that a step of segmentation knows of its walk: what it reads, as of when, and where it writes. */
export type SegmentationWalk = {
  readonly tenantId: TenantId;
  readonly walkDate: LocalDate;
  readonly asOfMs: number;
  readonly tenant: Tenant;
  readonly pin: LakePin;
  readonly keys: ReturnType<typeof segmentationKeys>;
};

export async function openSegmentation({ database, lake }: SegmentationDependencies, input: SegmentationInput): Promise<SegmentationWalk> {
  const tenantId = parseTenantId(input.tenantId);
  const walkDate = parseLocalDate(input.walkDate);
  const [tenant, row] = await database.withTenant(tenantId, async (tx) => [
    await readTenant(tx, tenantId),
    await findWalk(tx, tenantId, walkDate),
  ]);
  if (!tenant) throw new DomainError('not_found', `there is no tenant ${tenantId}`);
  if (!row) throw new DomainError('not_found', `there is no walk of ${walkDate}`);
  if (input.execution !== undefined && row.record.execution !== input.execution) {
    throw new DomainError('conflict', `the walk of ${walkDate} was taken over by a later run; this one ends here`);
  }
  if (row.lakeVersion === null) throw new DomainError('conflict', `the walk of ${walkDate} has not read the lake yet`);
  const pin = await lake.pin(tenantId, row.lakeVersion);
  if (!pin) throw new DomainError('not_available', `version ${row.lakeVersion} of the lake, which this walk reads, is not kept any more`);
  return { tenantId, walkDate, asOfMs: row.asOf.getTime(), tenant, pin, keys: segmentationKeys(tenantId, walkDate) };
}

export const bucketsOf = ({ pin }: SegmentationWalk): number[] => Array.from({ length: pin.buckets }, (_, bucket) => bucket);
