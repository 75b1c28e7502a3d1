import * as wf from '@temporalio/workflow';
import type { WalkingActivities } from '../../activities/walking/walking.js';
import { describeFailure, failureCode } from '../failures.js';
import { outcomeAttribute, phaseAttribute, tenantIdAttribute, walkDateAttribute } from '../search-attributes.js';
import { walkPhases, walkProgressQueryName } from './contract.js';
import type { WalkerInput, WalkerResult, WalkPhase, WalkProgress } from './contract.js';
import type { OpenWalk, Phase } from './phase.js';
import { notification } from './notification.js';
import { outreach } from './outreach.js';
import { startJournal, type Journal } from './progress.js';
import { segmentation } from './segmentation.js';
import { testing } from './testing.js';

export const walkProgressQuery = wf.defineQuery<WalkProgress>(walkProgressQueryName);

// Retried until the day is no longer worth walking: they write the same row again. Before all scans, which may be many.
const row = wf.proxyActivities<WalkingActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '6 hours',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 1 },
});

const phases: Readonly<Record<WalkPhase, Phase>> = { segmentation, outreach, testing, notification };

/** Walks through a tenant's audience of one day. */
export async function walker(input: WalkerInput): Promise<WalkerResult> {
  const { tenantId, walkDate } = input;
  const journal = startJournal({ tenantId, walkDate });
  wf.setHandler(walkProgressQuery, journal.progress);
  const walk: OpenWalk = { tenantId, walkDate, execution: wf.workflowInfo().firstExecutionRunId };
  wf.upsertSearchAttributes([
    { key: tenantIdAttribute, value: tenantId },
    { key: walkDateAttribute, value: walkDate },
  ]);
  try {
    const opening = { ...input, execution: walk.execution };
    const { run, asOf } = await row.openWalk.executeWithOptions({ summary: `Open the row of ${walkDate}` }, [opening]);
    journal.opened(run, asOf);
    await walkThrough(walk, journal);
    await row.closeWalk.executeWithOptions({ summary: 'Close the row: the walk succeeded' }, [{ ...walk, end: { status: 'succeeded' } }]);
    journal.closed('succeeded');
    wf.upsertSearchAttributes([{ key: outcomeAttribute, value: 'succeeded' }]);
    return { tenantId, walkDate, run, asOf, counts: journal.progress().counts };
  } catch (failure) {
    throw await closeFailed(walk, journal, failure);
  }
}

async function walkThrough(walk: OpenWalk, journal: Journal): Promise<void> {
  const added = { testing: wf.patched('testing phase'), outreach: wf.patched('outreach phase') };
  for (const phase of walkPhases) {
    if ((phase === 'testing' || phase === 'outreach') && !added[phase]) continue;
    wf.upsertSearchAttributes([{ key: phaseAttribute, value: phase }]);
    const steps = journal.began(phase);
    await row.enterPhase.executeWithOptions({ summary: `Enter the ${phase} phase` }, [{ ...walk, phase }]);
    const counts = await phases[phase](walk, steps);
    await row.leavePhase.executeWithOptions({ summary: `Record what the ${phase} phase did` }, [{ ...walk, phase, counts }]);
    journal.ended(phase, counts);
  }
}

/** Writes what happened into the row, whatever the reason was, and gives the failure with which the workflow ends. */
async function closeFailed(walk: OpenWalk, journal: Journal, failure: unknown): Promise<unknown> {
  const error = describeFailure(failure);
  const opened = journal.progress().state !== 'opening';
  journal.closed('failed', error);
  wf.upsertSearchAttributes([{ key: outcomeAttribute, value: 'failed' }]);
  if (opened) {
    await wf.CancellationScope.nonCancellable(() =>
      row.closeWalk.executeWithOptions({ summary: 'Close the row: the walk failed' }, [{ ...walk, end: { status: 'failed', error } }]),
    );
  }
  if (wf.isCancellation(failure)) return failure;
  return wf.ApplicationFailure.create({ message: error, type: failureCode(failure), nonRetryable: true, cause: asError(failure) });
}

const asError = (failure: unknown) => (failure instanceof Error ? failure : new Error(String(failure)));
