import { proxyActivities } from '@temporalio/workflow';
import type { WalkingActivities } from '../../activities/walking/walking.js';
import type { WalkCounts } from './contract.js';
import type { OpenWalk, Steps } from './phase.js';

// Retried until the day is no longer worth walking: each scan writes under keys of its own, so that a second try writes the
// same again. A beat every few seconds tells within ten that a worker has died; half an hour bounds one that hangs.
const scans = proxyActivities<WalkingActivities>({
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

export async function segmentation(walk: OpenWalk, steps: Steps): Promise<WalkCounts> {
  steps.expect(1);
  const lake = await steps.step(scans.updateLake.executeWithOptions({ summary: 'Bring the lake up to the moment of the walk' }, [walk]));
  return { events: lake.events };
}
