import type { LocalDate, TenantId } from '../../core/ids.js';

/** Where a walk keeps what segmentation makes. `members-NNN` has a row per user: segment, confidence, and what is shown of them. */
export function segmentationKeys(tenantId: TenantId, walkDate: LocalDate) {
  const day = walkDate.replaceAll('-', '');
  const numbered = (bucket: number) => String(bucket).padStart(3, '0');
  return {
    activity: (bucket: number) => `${tenantId}/features/${day}/bucket-${numbered(bucket)}.parquet`,
    affinities: (bucket: number) => `${tenantId}/features/${day}/affinities-${numbered(bucket)}.parquet`,
    model: modelKey(tenantId, walkDate),
    members: (bucket: number) => `${tenantId}/segments/${day}/members-${numbered(bucket)}.parquet`,
    tally: (bucket: number) => `${tenantId}/segments/${day}/tally-${numbered(bucket)}.json`,
    clusters: `${tenantId}/segments/${day}/behavioral-clusters.json`,
  };
}

const modelKey = (tenantId: TenantId, walkDate: LocalDate) => `${modelsPrefix(tenantId)}${walkDate.replaceAll('-', '')}/behavioral.json`;

export const modelsPrefix = (tenantId: TenantId) => `${tenantId}/models/`;
