import * as wf from '@temporalio/workflow';
import type { CampaignActivities } from '../../activities/campaigns/campaigns.js';
import type { SendingActivities, SendStepInput } from '../../activities/sending/sending.js';
import { shownMs, waitMs } from '../../core/campaign/clock.js';
import { JourneyBatch, type Told, type WantedSend } from '../../core/journey/batch.js';
import type { SendAnswer } from '../../core/journey/next.js';
import type { PlanStep } from '../../core/journey/plan.js';
import { fromRanges, toRanges } from '../../core/journey/ranges.js';
import type { BatchOrder } from '../campaign/contract.js';
import { describeFailure } from '../failures.js';
import { Alarm } from './alarm.js';
import * as contract from './contract.js';
import type { JourneyBatchInput, JourneyShown, OrderBatch, RecordEngagements } from './contract.js';
import { Dispatcher, type AnsweredSend } from './dispatcher.js';
import { showJourney, storyOf } from './story.js';

export const recordEngagementsSignal = wf.defineSignal<[RecordEngagements]>(contract.recordEngagementsSignalName);
export const orderBatchSignal = wf.defineSignal<[OrderBatch]>(contract.orderBatchSignalName);
export const journeyQuery = wf.defineQuery<JourneyShown | null, [number]>(contract.journeyQueryName);

// Local, since each takes a moment and every batch needs both. Retried without end: they read, or write what was written already.
const { openBatch, noteLeavings, closeBatch } = wf.proxyLocalActivities<CampaignActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

// Retried without end: the ledger knows what an earlier try has sent. A beat tells within ten seconds that a worker has died.
const { sendStep } = wf.proxyActivities<SendingActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** So many events of history, and the batch goes on in a new run. */
const LONGEST_HISTORY = 4_000;

/** What was not sent for a reason that nobody foresaw is tried again so much later. */
const TRY_AGAIN_MS = 10 * 60_000;

/**
 * The journeys of one batch: sleeps until the first of them is due or something is told, moves them by the pure function, and sends
 * in bulk what they want sent. Sends never hold the others up; their answers come back like everything else that is told.
 */
export async function journeyBatch(input: JourneyBatchInput): Promise<void> {
  const ref = { tenantId: input.tenantId, campaignId: input.campaignId, batch: input.batch };
  let isPaused = input.carried?.isPaused ?? false;
  let told: Told[] = [];
  let orders: BatchOrder[] = [];
  wf.setHandler(recordEngagementsSignal, ({ engagements }) => void (told = [...told, ...engagements]));
  wf.setHandler(orderBatchSignal, ({ order }) => void (orders = [...orders, order]));

  const course = await openBatch.executeWithOptions({ summary: 'Read the plan and the members' }, [ref]);
  if (course === null) return;
  const { steps } = course.plan;
  const clock = { startMs: course.startMs ?? course.enteredMs, speed: course.speed };
  const journeys = new JourneyBatch(course, input.carried);
  const dispatcher = new Dispatcher(
    (stepKey) => steps.find(({ key }) => key === stepKey)?.channel ?? '',
    (wanted) => sendTogether({ tenantId: ref.tenantId, campaign: course.campaign, batch: ref.batch, clock }, steps, wanted),
  );
  const alarm = new Alarm();
  let noted = input.carried?.left.length ?? 0;
  wf.setHandler(journeyQuery, (idx) => showJourney(journeys, idx, steps));
  for (;;) {
    const nowMs = shownMs(clock, Date.now());
    // Orders first: whoever enters a paused campaign is sent nothing.
    for (const order of orders.splice(0)) {
      journeys.order(order, nowMs);
      isPaused = order === 'pause';
    }
    journeys.enter(nowMs);
    for (const one of told.splice(0)) journeys.tell(one, nowMs);
    for (const { idx, stepKey, dueMs, answer } of dispatcher.takeAnswers()) {
      journeys.move(idx, { type: 'answered', atMs: nowMs, stepKey, dueMs, answer });
    }
    journeys.wake(nowMs);
    dispatcher.add(journeys.takeWanted());
    wf.setCurrentDetails(storyOf(ref, journeys, steps));
    if (journeys.isOver() && dispatcher.isIdle()) break;
    if (course.notesLeavings && journeys.left.length > noted) {
      const left = journeys.left.slice(noted);
      noted += left.length;
      await noteLeavings.executeWithOptions({ summary: 'Write who has left' }, [{ ...ref, left }]);
    }

    const isLong = wf.workflowInfo().historyLength > LONGEST_HISTORY || wf.workflowInfo().continueAsNewSuggested;
    // Before a new run everything in flight comes back, or its answers would be lost.
    if (isLong && dispatcher.isIdle()) {
      await wf.continueAsNew<typeof journeyBatch>({ ...ref, carried: { states: journeys.states, left: journeys.left, isPaused } });
    }
    if (!isLong && !isPaused) dispatcher.dispatch((idx) => journeys.isSending(idx));
    const wakesAtMs = journeys.wakesAtMs();
    if (wakesAtMs !== null) alarm.setFor(wakesAtMs, waitMs(clock, Date.now(), wakesAtMs));
    await wf.condition(() => told.length > 0 || orders.length > 0 || dispatcher.hasAnswers() || alarm.hasRung());
    alarm.silence();
  }
  await closeBatch.executeWithOptions({ summary: 'Write how the journeys ended' }, [{ ...ref, left: journeys.left }]);
}

type Sending = Pick<SendStepInput, 'tenantId' | 'campaign' | 'batch' | 'clock'>;

/** Sends one step to those who want it. What fails for good is tried again later, and is to be seen in the history until then. */
async function sendTogether(sending: Sending, steps: readonly PlanStep[], wanted: readonly WantedSend[]): Promise<readonly AnsweredSend[]> {
  const stepKey = wanted[0]?.stepKey ?? 0;
  const { channel = 'email', template = '', provider, test } = steps.find(({ key }) => key === stepKey) ?? {};
  const summary = `Step ${stepKey}: ${channel} ${template} to ${wanted.length}`;
  const again = (): SendAnswer => ({ kind: 'deferred', untilMs: shownMs(sending.clock, Date.now()) + TRY_AGAIN_MS });
  try {
    const members = toRanges(wanted.map(({ idx }) => idx));
    const answers = await sendStep.executeWithOptions({ summary }, [
      { ...sending, stepKey, channel, ...(provider && { provider }), ...(test !== undefined && { test }), members },
    ]);
    const byIdx = new Map(
      answers.flatMap(([kind, whose, untilMs, isPaced]) => fromRanges(whose).map((idx) => [idx, { kind, untilMs, isPaced }])),
    );
    // Runs of older code round them up to the campaign's tick, and a bucket would run over meanwhile.
    const isExact = answers.some(([, , , isPaced]) => isPaced) && wf.patched('paced messages come just when they are due');
    return wanted.map((one) => {
      const { kind = 'failed', untilMs, isPaced } = byIdx.get(one.idx) ?? {};
      if (kind !== 'waiting') return { ...one, answer: { kind } };
      if (untilMs === undefined) return { ...one, answer: again() };
      return { ...one, answer: { kind: 'deferred', untilMs, ...(isPaced && isExact && { isExact }) } };
    });
  } catch (error) {
    if (wf.isCancellation(error)) throw error;
    wf.log.error('a step could not be sent; it is tried again in ten minutes', { stepKey, cause: describeFailure(error) });
    return wanted.map((one) => ({ ...one, answer: again() }));
  }
}
