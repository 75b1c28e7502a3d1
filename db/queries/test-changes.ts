import { and, eq, sql } from 'drizzle-orm';
import { assertNever, DomainError } from '../../core/errors.js';
import type { TestDesign } from '../../core/experiment/design.js';
import {
  nextTest,
  type TestAnswer,
  type TestCommand,
  type TestEvent,
  type TestState,
  type TestStep,
} from '../../core/experiment/lifecycle.js';
import { nextLookTime } from '../../core/experiment/look-time.js';
import { mayStart, ruleOf } from '../../core/experiment/plan.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { abTests } from '../tables/tests.js';
import { makeDefault, restoreDefault } from './template-defaults.js';
import { extensionOf } from '../../core/ab-test/extension.js';
import { addDecision, findLastLook, lockTest, lookOf, type Decision, type TestRow } from './tests.js';
import { readTenant } from './tenants.js';

/** What a person, or a suggestion that a person accepted, may ask of a test. */
export type TestChange =
  | { readonly kind: 'start'; readonly acceptTooSmall: boolean }
  | { readonly kind: 'stop' }
  | { readonly kind: 'extend'; readonly days: number }
  /** Without `variationId`, the winner. */
  | { readonly kind: 'apply'; readonly variationId?: string; readonly again?: boolean }
  | { readonly kind: 'rollback' };

export type TestChangeRequest = {
  readonly tenantId: TenantId;
  readonly testKey: string;
  readonly change: TestChange;
  /** An id of a key, a suggestion: never a name. */
  readonly by: string;
  readonly at: Date;
};

export type ChangedTest = { readonly test: TestRow; readonly answer: TestAnswer };

/** The hour of the tenant's day at which tests are looked at: before the walk, which tells what they found. */
export const LOOK_HOUR = 6;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Changes a test by the rules of its life, with all that follows, in the caller's transaction. The row decides: who asks for the
 * same again is told that nothing changed. Throws `not_found`.
 */
export async function changeTest(tx: TenantTransaction, request: TestChangeRequest): Promise<ChangedTest> {
  const test = await lockTest(tx, request.tenantId, request.testKey);
  if (!test) throw new DomainError('not_found', 'there is no such test');
  const event = await eventOf(tx, test, request);
  if ('refused' in event) return { test, answer: { kind: 'refused', because: event.refused } };
  const step = nextTest(test.state, event);
  if (step.answer.kind !== 'done') return { test, answer: step.answer };
  const changed = await keepState(tx, test, step.state);
  await carryOut(tx, changed, step.commands, request);
  await addDecision(tx, changed, decisionOf(request, step));
  return { test: changed, answer: step.answer };
}

async function eventOf(
  tx: TenantTransaction,
  test: TestRow,
  { change, by, at, tenantId }: TestChangeRequest,
): Promise<TestEvent | { readonly refused: string }> {
  const atMs = at.getTime();
  switch (change.kind) {
    case 'start': {
      const may = mayStart(test.plan, { acceptTooSmall: change.acceptTooSmall });
      if (test.state.mode === 'draft' && !may.ok) return { refused: may.because };
      const nextLookMs = await nextLookAfter(tx, tenantId, at);
      return { type: 'start', atMs, endsAtMs: plannedEnd(test.design, atMs), nextLookMs, rule: ruleOf(test.design, test.plan) };
    }
    case 'stop':
      return { type: 'stop', atMs, by };
    case 'extend': {
      const { state } = test;
      const endedAtMs = 'endsAtMs' in state ? state.endsAtMs : atMs;
      const lastLook = await findLastLook(tx, test);
      const { rule, price } = extensionOf(test, { days: change.days, lastLook: lastLook && lookOf(lastLook) });
      const endsAtMs = Math.max(atMs, endedAtMs) + change.days * DAY_MS;
      return { type: 'extend', atMs, by, endsAtMs, nextLookMs: await nextLookAfter(tx, tenantId, at), rule, price };
    }
    case 'apply':
      return { type: 'apply', atMs, by, ...optional(change) };
    case 'rollback':
      return { type: 'rollback', atMs, by };
    default:
      return assertNever(change);
  }
}

const optional = ({ variationId, again }: Extract<TestChange, { kind: 'apply' }>) => ({
  ...(variationId !== undefined && { variationId }),
  ...(again !== undefined && { again }),
});

/** The last window of the planned duration closes then. */
const plannedEnd = ({ durationDays, conversionWindowHours }: TestDesign, startedAtMs: number): number =>
  startedAtMs + durationDays * DAY_MS + conversionWindowHours * HOUR_MS;

/** When a test is looked at next: at the tenant's hour, after a moment. */
export async function nextLookAfter(tx: TenantTransaction, tenantId: TenantId, after: Date): Promise<number> {
  const tenant = await readTenant(tx, tenantId);
  if (!tenant) throw new DomainError('not_found', `there is no tenant ${tenantId}`);
  return nextLookTime(after.getTime(), { timeZone: tenant.timeZone, hour: LOOK_HOUR });
}

/** Writes where a test is in its life, and the columns that say the same. */
export async function keepState(tx: TenantTransaction, test: TestRow, state: TestState): Promise<TestRow> {
  const course = 'startedAtMs' in state ? state : undefined;
  const isStart = test.state.mode === 'draft' && course !== undefined;
  const rows = await tx
    .update(abTests)
    .set({
      state,
      status: state.mode,
      ...(course && { startDate: new Date(course.startedAtMs), endDate: new Date(course.endsAtMs) }),
      ...(isStart && { weightPeriods: [{ fromMs: course.startedAtMs, weights: test.variations.map(({ weight }) => weight) }] }),
      ...(state.mode === 'running' && { winningVariation: null, confidenceLevel: null }),
      ...(test.state.mode !== 'running' && state.mode === 'running' && { isClocked: false }),
      updatedAt: sql`now()`,
    })
    .where(and(eq(abTests.tenantId, test.tenantId), eq(abTests.id, test.id)))
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the test is gone');
  return row;
}

/** Makes or restores the default of the test's template family, where the step asks for it. */
export async function carryOut(
  tx: TenantTransaction,
  test: TestRow,
  commands: readonly TestCommand[],
  { by, at }: { readonly by: string; readonly at: Date },
): Promise<void> {
  for (const command of commands) {
    if (command.type !== 'makeDefault' && command.type !== 'restoreDefault') continue;
    const variation = test.variations.find(({ id }) => id === command.variationId);
    if (!variation) throw new Error(`${test.testKey} has no variation ${command.variationId}`);
    const change = { test, variation, actor: by, at };
    await (command.type === 'makeDefault' ? makeDefault(tx, change) : restoreDefault(tx, change));
  }
}

const KINDS = { start: 'started', stop: 'stopped', extend: 'extended', apply: 'applied', rollback: 'rolled_back' } as const;

function decisionOf({ change, by, at }: TestChangeRequest, { state }: TestStep): Decision {
  const { kind, ...asked } = change;
  const price = state.mode === 'running' ? state.extensions.at(-1) : undefined;
  return { kind: KINDS[kind], actor: by, at, detail: { ...asked, ...(kind === 'extend' && price && { price }) } };
}
