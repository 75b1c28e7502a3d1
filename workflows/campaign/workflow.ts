import * as wf from '@temporalio/workflow';
import type { CampaignActivities } from '../../activities/campaigns/campaigns.js';
import { shownMs, waitMs } from '../../core/campaign/clock.js';
import { phaseAttribute, tenantIdAttribute } from '../search-attributes.js';
import * as contract from './contract.js';
import type { BatchOrder, CampaignChanged, CampaignInput, CampaignProgress, CampaignSummary } from './contract.js';
import { storyOf } from './story.js';

export const changeCampaignUpdate = wf.defineUpdate<CampaignChanged, [contract.ChangeCampaign]>(contract.changeCampaignUpdateName);
export const batchesDoneSignal = wf.defineSignal(contract.batchesDoneSignalName);
export const entrantsWaitSignal = wf.defineSignal(contract.entrantsWaitSignalName);
export const campaignProgressQuery = wf.defineQuery<CampaignProgress>(contract.campaignProgressQueryName);

// Retried without end: the row of the campaign says what was done before, and a campaign must not be forgotten in an outage.
const { changeCampaign, settleCampaign } = wf.proxyActivities<CampaignActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 1 },
});

// Retried without end: what was frozen stays so, and a batch that runs is not started again. A beat tells how far it has come.
const { freezeAudience, enterOccurrence, enterWaiting, startBatches, orderBatches } = wf.proxyActivities<CampaignActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 1 },
});

/**
 * A campaign from its launch to its last journey: freezes the audience, starts the batches that carry it, and passes on what people
 * ask. A recurring one lets its segment enter again at each occurrence, until somebody cancels it. Where the campaign is in its life is
 * in its row; journeys are their batches' affair.
 */
export async function campaign(input: CampaignInput): Promise<CampaignSummary> {
  const ref = { tenantId: input.tenantId, campaignId: input.campaignId };
  const untold: BatchOrder[] = [];
  let startedBatches = input.carried?.startedBatches ?? 0;
  let summary: CampaignSummary | null = null;
  let isNews = false;
  let areWaiting = input.carried?.areWaiting ?? false;
  const see = (next: CampaignSummary): CampaignSummary => {
    summary = next;
    wf.setCurrentDetails(storyOf(input.campaignId, next, startedBatches));
    wf.upsertSearchAttributes([
      { key: tenantIdAttribute, value: input.tenantId },
      { key: phaseAttribute, value: next.status },
    ]);
    return next;
  };
  wf.setHandler(campaignProgressQuery, () => ({ ...ref, summary, startedBatches }));
  wf.setHandler(batchesDoneSignal, () => void (isNews = true));
  wf.setHandler(entrantsWaitSignal, () => void (areWaiting = true));
  wf.setHandler(changeCampaignUpdate, async ({ change, by }) => {
    const asked = { ...ref, change, by, at: new Date(Date.now()).toISOString() };
    const { answer, summary: changed } = await changeCampaign.executeWithOptions({ summary: `${change}, asked by ${by}` }, [asked]);
    if (answer.kind === 'done' && change !== 'launch') untold.push(change);
    see(changed);
    isNews = true;
    return { answer };
  });

  for (;;) {
    isNews = false;
    const now = see(await settleCampaign.executeWithOptions({ summary: 'Read where the campaign is' }, [{ ...ref, atMs: Date.now() }]));
    const batches = now.batches ?? 0;
    const restMs = now.next && untilMs(now, now.next);
    const [order] = untold;
    if (now.status === 'running' && now.recipients === null) {
      see(await freezeAudience.executeWithOptions({ summary: 'Freeze the audience' }, [ref]));
    } else if (now.status === 'running' && startedBatches < batches) {
      const summary = `Start ${batches - startedBatches} batches`;
      startedBatches = await startBatches.executeWithOptions({ summary }, [{ ...ref, from: startedBatches, batches }]);
    } else if (order !== undefined) {
      untold.shift();
      await orderBatches.executeWithOptions({ summary: `Tell all batches to ${order}` }, [{ ...ref, order }]);
    } else if (now.next && restMs === 0) {
      const { number: occurrence, dueMs } = now.next;
      const summary = `Let the segment enter for the ${occurrence}. time`;
      see(await enterOccurrence.executeWithOptions({ summary }, [{ ...ref, occurrence, dueMs, atMs: Date.now() }]));
    } else {
      await wf.condition(wf.allHandlersFinished);
      if (isNews) continue;
      if (now.status === 'finished' || now.status === 'cancelled') return now;
      if (wf.workflowInfo().continueAsNewSuggested)
        await wf.continueAsNew<typeof campaign>({ ...ref, carried: { startedBatches, areWaiting } });
      const isAwaited = () => isNews || areWaiting;
      if (restMs === undefined) await wf.condition(isAwaited);
      else await wf.condition(isAwaited, restMs);
      if (!areWaiting || isNews) continue;
      areWaiting = false;
      const summary = 'Let those enter who wait to';
      const entered = see(await enterWaiting.executeWithOptions({ summary }, [{ ...ref, from: startedBatches, atMs: Date.now() }]));
      startedBatches = entered.batches ?? startedBatches;
    }
  }
}

/** How long by our clock until an occurrence is due. */
function untilMs({ launchedAt }: CampaignSummary, { dueMs, speed }: NonNullable<CampaignSummary['next']>): number {
  const clock = { startMs: Date.parse(launchedAt ?? ''), speed };
  return shownMs(clock, Date.now()) >= dueMs ? 0 : waitMs(clock, Date.now(), dueMs);
}
