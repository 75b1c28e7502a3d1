import { proxyActivities } from '@temporalio/workflow';
import type { TestPhaseActivities } from '../../activities/testing/testing.js';
import type { WalkCounts } from './contract.js';
import type { OpenWalk, Steps } from './phase.js';

// Retried until the day is no longer worth walking: both write the same again. A beat tells within ten seconds that a worker died.
const { measureBaselines } = proxyActivities<TestPhaseActivities>({
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});
const { writeTestArtifacts } = proxyActivities<TestPhaseActivities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '6 hours',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 2 },
});

/** From where new tests start is measured, and what running and ended ones found is told. Their looks have a clock of their own. */
export async function testing(walk: OpenWalk, { expect, step }: Steps): Promise<WalkCounts> {
  expect(2);
  await step(measureBaselines.executeWithOptions({ summary: 'Measure from where new tests start' }, [walk]));
  const told = await step(writeTestArtifacts.executeWithOptions({ summary: 'Write what the tests found' }, [walk]));
  return counted({ 'running tests': told.running, 'ended tests': told.ended, 'test winners': told.winners });
}

/** A walk without tests does not speak of them. */
const counted = (counts: WalkCounts): WalkCounts => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
