import * as wf from '@temporalio/workflow';
import type { TestChangeInput, TestingActivities } from '../../activities/testing/testing.js';
import { outcomeAttribute, phaseAttribute, tenantIdAttribute } from '../search-attributes.js';
import * as contract from './contract.js';
import type { AbTestInput, TestChanged, TestProgress, TestSummary } from './contract.js';
import { NOTHING_TOLD, storyOf, tellLook } from './story.js';

export const startTestUpdate = wf.defineUpdate<TestChanged, [contract.StartTest]>(contract.startTestUpdateName);
export const stopTestUpdate = wf.defineUpdate<TestChanged, [contract.StopTest]>(contract.stopTestUpdateName);
export const extendTestUpdate = wf.defineUpdate<TestChanged, [contract.ExtendTest]>(contract.extendTestUpdateName);
export const applyTestUpdate = wf.defineUpdate<TestChanged, [contract.ApplyTest]>(contract.applyTestUpdateName);
export const rollbackTestUpdate = wf.defineUpdate<TestChanged, [contract.RollbackTest]>(contract.rollbackTestUpdateName);
export const testProgressQuery = wf.defineQuery<TestProgress>(contract.testProgressQueryName);

// Retried without end: the row of the test says what was done before, and a test must not be forgotten in an outage.
const { openTest, changeTest } = wf.proxyActivities<TestingActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 1 },
});

// Retried without end: a look writes its row under (test, number), so a second try finds the first. A beat every few seconds tells
// within ten that a worker has died.
const { takeLook } = wf.proxyActivities<TestingActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '5 minutes' },
  priority: { priorityKey: 2 },
});

/**
 * The clock of a test: wakes for each daily look until the test has ended, and passes on what people ask of it. Where the test is
 * in its life is in its row alone, which an executor may change as well; so the row is read again before every wait.
 */
export async function abTest(input: AbTestInput): Promise<TestSummary> {
  const test = { tenantId: input.tenantId, testId: input.testId };
  let told = input.told ?? NOTHING_TOLD;
  let summary: TestSummary | null = null;
  let changes = 0;
  const alone = oneAtATime();
  const see = (next: TestSummary): void => {
    summary = next;
    changes += 1;
    wf.setCurrentDetails(storyOf(input.testId, summary, told));
    wf.upsertSearchAttributes([
      { key: tenantIdAttribute, value: input.tenantId },
      { key: phaseAttribute, value: next.mode },
      ...(next.endingKind === null ? [] : [{ key: outcomeAttribute, value: next.endingKind }]),
    ]);
  };
  const change = (asked: TestChangeInput['change'], by: string): Promise<TestChanged> =>
    alone(async () => {
      const request = { ...test, change: asked, by, at: new Date(Date.now()).toISOString() };
      const changed = await changeTest.executeWithOptions({ summary: `${asked.kind}, asked by ${by}` }, [request]);
      see(changed.summary);
      return { answer: changed.answer, mode: changed.summary.mode };
    });
  wf.setHandler(testProgressQuery, () => ({ ...test, state: summary, looks: told.looks }));
  wf.setHandler(startTestUpdate, ({ by, acceptTooSmall }) => change({ kind: 'start', acceptTooSmall }, by));
  wf.setHandler(stopTestUpdate, ({ by }) => change({ kind: 'stop' }, by));
  wf.setHandler(extendTestUpdate, ({ by, days }) => change({ kind: 'extend', days }, by), { validator: requireDays });
  wf.setHandler(applyTestUpdate, (asked) => change(applyOf(asked), asked.by));
  wf.setHandler(rollbackTestUpdate, ({ by }) => change({ kind: 'rollback' }, by));

  see(await alone(() => openTest.executeWithOptions({ summary: 'Read where the test is' }, [test])));
  for (;;) {
    await wf.condition(wf.allHandlersFinished);
    const due = dueTime(summary);
    if (due === undefined) return requireSummary(summary);
    if (wf.workflowInfo().continueAsNewSuggested) await wf.continueAsNew<typeof abTest>({ ...input, told });
    const seen = changes;
    const isChanged = due > Date.now() && (await wf.condition(() => changes !== seen, due - Date.now()));
    if (isChanged) continue;
    const number = requireSummary(summary).looks + 1;
    const at = new Date(Date.now()).toISOString();
    const taken = await alone(() => takeLook.executeWithOptions({ summary: `Look ${number}` }, [{ ...test, number, at }]));
    if (taken.look) told = tellLook(told, taken.look);
    see(taken.summary);
  }
}

const applyOf = ({ variationId, again }: contract.ApplyTest): TestChangeInput['change'] => ({
  kind: 'apply',
  ...(variationId !== undefined && { variationId }),
  ...(again !== undefined && { again }),
});

/** When the next look is due; nothing where none will be. */
function dueTime(summary: TestSummary | null): number | undefined {
  return summary?.nextLookAt == null ? undefined : Date.parse(summary.nextLookAt);
}

function requireSummary(summary: TestSummary | null): TestSummary {
  if (summary === null) throw new Error('the row of the test was not read');
  return summary;
}

function requireDays({ days }: contract.ExtendTest): void {
  if (!(Number.isSafeInteger(days) && days >= 1)) throw new Error(`a whole number of days is expected, not ${days}`);
}

/** Looks and changes wait for each other, in the order in which they came. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = false;
  return async (work) => {
    while (busy) await wf.condition(() => !busy);
    busy = true;
    try {
      return await work();
    } finally {
      busy = false;
    }
  };
}
