import * as wf from '@temporalio/workflow';
import type { LakeExtent, WalkingActivities } from '../../activities/walking/walking.js';
import { tenantIdAttribute } from '../search-attributes.js';
import type { LakeUpkeepInput } from './contract.js';

// Retried for an hour, because the next upkeep takes what this one left. After everything that somebody waits for.
const { tendLake } = wf.proxyActivities<WalkingActivities>({
  startToCloseTimeout: '50 minutes',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '10 seconds', maximumInterval: '5 minutes' },
  priority: { priorityKey: 5 },
});

/** Brings a tenant's lake up to date, so that no walk has more than an hour's events to take in. */
export async function lakeUpkeep({ tenantId }: LakeUpkeepInput): Promise<LakeExtent> {
  wf.upsertSearchAttributes([{ key: tenantIdAttribute, value: tenantId }]);
  return tendLake.executeWithOptions({ summary: 'Take what was committed since' }, [{ tenantId }]);
}
