import type { TestAnswer, TestState } from '../../core/experiment/lifecycle.js';
import type { Verdict } from '../../core/experiment/verdict.js';
import type { TenantId } from '../../core/ids.js';

export const abTestWorkflowType = 'abTest';

/** A test's key is drawn once; the row in `ab_tests` decides for ever what the test is and where it is in its life. */
export const abTestWorkflowId = (tenantId: TenantId, testId: string) => `ab-test/${tenantId}/${testId}`;

export type AbTestInput = {
  readonly tenantId: TenantId;
  /** `test_…` */
  readonly testId: string;
  /** What runs before this one told of its looks: for the story in the Temporal UI. */
  readonly told?: Told;
};

/** The looks that a story tells: the latest ones, and how many there were before. */
export type Told = { readonly looks: readonly LookTold[]; readonly before: number };

/** One look as Temporal shows it: numbers and ids of variations, nothing about anybody. */
export type LookTold = {
  readonly number: number;
  readonly at: string;
  readonly exposed: number;
  readonly measured: number;
  readonly information: number;
  readonly boundary: number | null;
  readonly comparisons: readonly { readonly variationId: string; readonly z: number; readonly p: number | null }[];
  readonly verdict: Verdict;
};

/** Who asks is an id of a key or of a suggestion: never a name. */
type Asked = { readonly by: string; readonly requestId?: string };
export type StartTest = Asked & { readonly acceptTooSmall: boolean };
export type StopTest = Asked;
export type ExtendTest = Asked & { readonly days: number };
export type ApplyTest = Asked & { readonly variationId?: string; readonly again?: boolean };
export type RollbackTest = Asked;

/** What whoever asked is told, and where the test is now. */
export type TestChanged = { readonly answer: TestAnswer; readonly mode: TestState['mode'] };

export const startTestUpdateName = 'startTest';
export const stopTestUpdateName = 'stopTest';
export const extendTestUpdateName = 'extendTest';
export const applyTestUpdateName = 'applyTest';
export const rollbackTestUpdateName = 'rollbackTest';
/** By what is asked for. */
export const updateNames = {
  start: startTestUpdateName,
  stop: stopTestUpdateName,
  extend: extendTestUpdateName,
  apply: applyTestUpdateName,
  rollback: rollbackTestUpdateName,
} as const;

export const testProgressQueryName = 'testProgress';

export type TestProgress = {
  readonly tenantId: TenantId;
  readonly testId: string;
  readonly state: TestSummary | null;
  readonly looks: readonly LookTold[];
};

/** Where a test is in its life, as its row says: what the workflow needs of it. */
export type TestSummary = {
  readonly mode: TestState['mode'];
  readonly startedAt: string | null;
  readonly endsAt: string | null;
  readonly looks: number;
  readonly nextLookAt: string | null;
  /** How it ended, in words. */
  readonly ending: string | null;
  readonly endingKind: string | null;
};
