import { DomainError } from '../../core/errors.js';
import type { TestAnswer, TestState } from '../../core/experiment/lifecycle.js';
import { verdictInWords } from '../../core/experiment/verdict.js';
import { parseTenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { changeTest, type TestChange } from '../../db/queries/test-changes.js';
import { lookAtTest } from '../../db/queries/test-looks.js';
import { findTest, keepClocked, type TestLookRow, type TestRow } from '../../db/queries/tests.js';
import { whileBeating } from '../beating.js';
import type { SegmentationDependencies, SegmentationInput } from '../segmentation/walk.js';
import { writeTestArtifacts, type TestsTold } from './artifacts.js';
import { measureBaselines } from './baselines.js';
import type { LookTold, TestSummary } from '../../workflows/ab-test/contract.js';

type TestInput = { readonly tenantId: string; readonly testId: string };
/** `at` is the workflow's time: a look that is late is taken as of now, and one that is repeated as of then. */
export type TestChangeInput = TestInput & { readonly change: TestChange; readonly by: string; readonly at: string };
export type TestLookInput = TestInput & { readonly number: number; readonly at: string };

/** What a walk does about tests. Kept apart from what the clocks of tests do, which need the database alone. */
export const createTestPhaseActivities = (dependencies: SegmentationDependencies) => ({
  /** Safe to retry: the same events give the same numbers, in place of the last ones. */
  measureBaselines: (input: SegmentationInput): Promise<number> => whileBeating(() => measureBaselines(dependencies, input)),

  /** Safe to retry: it writes the same again, as of the walk. */
  writeTestArtifacts: (input: SegmentationInput): Promise<TestsTold> => writeTestArtifacts(dependencies, input),
});

export type TestPhaseActivities = ReturnType<typeof createTestPhaseActivities>;

export const createTestingActivities = ({ database }: { readonly database: Database }) => ({
  /** Safe to retry: it reads, and notes that the test has its clock. */
  async openTest({ tenantId: tenant, testId }: TestInput): Promise<TestSummary> {
    const tenantId = parseTenantId(tenant);
    return database.withTenant(tenantId, async (tx) => {
      const test = await findTest(tx, tenantId, testId);
      if (!test) throw new DomainError('not_found', `there is no test ${testId}`);
      await keepClocked(tx, test);
      return summaryOf(test);
    });
  },

  /** Safe to retry: the row decides, and who asks for the same again is told that nothing changed. */
  async changeTest({ tenantId: tenant, testId, change, by, at }: TestChangeInput): Promise<{ answer: TestAnswer; summary: TestSummary }> {
    const tenantId = parseTenantId(tenant);
    return database.withTenant(tenantId, async (tx) => {
      const { test, answer } = await changeTest(tx, { tenantId, testKey: testId, change, by, at: new Date(at) });
      await keepClocked(tx, test);
      return { answer, summary: summaryOf(test) };
    });
  },

  /** Safe to retry: the look's row is unique by (test, number), and an existing row is the answer. */
  async takeLook({ tenantId, testId, number, at }: TestLookInput): Promise<{ summary: TestSummary; look: LookTold | null }> {
    const request = { tenantId: parseTenantId(tenantId), testKey: testId, number, at: new Date(at) };
    const { test, look } = await whileBeating(() => lookAtTest(database, request));
    return { summary: summaryOf(test), look: look ? toldOf(look) : null };
  },
});

export type TestingActivities = ReturnType<typeof createTestingActivities>;

function summaryOf({ state }: TestRow): TestSummary {
  const course = 'startedAtMs' in state ? state : undefined;
  const ending = 'ending' in state ? state.ending : undefined;
  return {
    mode: state.mode,
    startedAt: course ? isoOf(course.startedAtMs) : null,
    endsAt: course ? isoOf(course.endsAtMs) : null,
    looks: course?.looks ?? 0,
    nextLookAt: nextLookOf(state),
    ending: ending ? verdictInWords(ending, (variationId) => variationId) : null,
    endingKind: ending?.kind ?? null,
  };
}

const nextLookOf = (state: TestState): string | null => (state.mode === 'running' ? isoOf(state.nextLookMs) : null);
const isoOf = (ms: number): string => new Date(ms).toISOString();

function toldOf({ lookNumber, lookedAt, information, boundary, analysis, verdict }: TestLookRow): LookTold {
  const total = (of: (arm: (typeof analysis.arms)[number]) => number) => analysis.arms.reduce((sum, arm) => sum + of(arm), 0);
  return {
    number: lookNumber,
    at: lookedAt.toISOString(),
    exposed: total(({ exposed }) => exposed),
    measured: total(({ measured }) => measured),
    information: information ?? 0,
    boundary,
    comparisons: analysis.comparisons.map(({ variationId, z, alwaysValidP }) => ({ variationId, z, p: alwaysValidP })),
    verdict,
  };
}
