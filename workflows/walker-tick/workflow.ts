import { defineSearchAttributeKey, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import * as wf from '@temporalio/workflow';
import type { WalkingActivities } from '../../activities/walking/walking.js';
import { tenantIdAttribute } from '../search-attributes.js';
import { walkerWorkflowId, walkerWorkflowType, type WalkerInput } from '../walker/contract.js';
import type { WalkerTickInput, WalkerTickResult } from './contract.js';

const scheduledStartTime = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

// Retried as long as the Schedule catches up: it only reads.
const { planTick } = wf.proxyActivities<WalkingActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '6 hours',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 1 },
});

/**
 * Starts the walk of the day on which it was due, and waits for its end, so that the Schedule sees a walk that still runs.
 * Ended from outside, it leaves the walk alone.
 */
export async function walkerTick({ tenantId }: WalkerTickInput): Promise<WalkerTickResult> {
  wf.upsertSearchAttributes([{ key: tenantIdAttribute, value: tenantId }]);
  const dueAt = wf.workflowInfo().typedSearchAttributes.get(scheduledStartTime) ?? wf.workflowInfo().startTime;
  const { walkDate, walkedBefore } = await planTick.executeWithOptions({ summary: 'Which day is it?' }, [
    { tenantId, dueAt: dueAt.toISOString() },
  ]);
  wf.setCurrentDetails(`The walk of ${walkDate}${walkedBefore ? ' was made before' : ''}`);
  if (walkedBefore) return { walkDate, outcome: 'walked before' };
  const input: WalkerInput = { tenantId, walkDate, refresh: false, requestedBy: 'schedule' };
  try {
    await wf.executeChild(walkerWorkflowType, {
      workflowId: walkerWorkflowId(tenantId, walkDate),
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      parentClosePolicy: 'ABANDON',
      cancellationType: wf.ChildWorkflowCancellationType.ABANDON,
      priority: { fairnessKey: tenantId },
      staticSummary: `The walk of ${walkDate}, as scheduled`,
    });
    return { walkDate, outcome: 'walked' };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { walkDate, outcome: 'being walked already' };
    throw error;
  }
}
