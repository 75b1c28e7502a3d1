import { and, eq, sql, type SQL } from 'drizzle-orm';
import { DomainError } from '../../core/errors.js';
import { engagementOf } from '../../core/event/engagement.js';
import { vocabulary } from '../../core/event/vocabulary.js';
import { comparisonToTell, documentAnswer } from '../../core/experiment/answer.js';
import { nextTest } from '../../core/experiment/lifecycle.js';
import { takeLook, type Look } from '../../core/experiment/look.js';
import type { MetricKind } from '../../core/experiment/metric.js';
import type { LookFacts } from '../../core/experiment/counts.js';
import type { Ending } from '../../core/experiment/verdict.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import { abTestLooks, abTests } from '../tables/tests.js';
import { startNextTest } from './always-on.js';
import { changeTest, keepState, nextLookAfter } from './test-changes.js';
import { countArms } from './test-counting.js';
import { keepLearnings } from './test-learnings.js';
import { addDecision, findLook, findTest, isUnderWay, lockTest, type TestLookRow, type TestRow } from './tests.js';

export type LookRequest = { readonly tenantId: TenantId; readonly testKey: string; readonly number: number; readonly at: Date };
/** Absent look: the test was ended, or looked at under this number, by somebody else meanwhile. */
export type LookTaken = { readonly test: TestRow; readonly look: TestLookRow | undefined };

/**
 * Takes one look. The row of the look is the answer: where it is there already, nothing is counted again. Row, verdict, and what
 * follows from the verdict are one transaction: nobody can die between them.
 */
export async function lookAtTest(database: Database, request: LookRequest): Promise<LookTaken> {
  const { tenantId, testKey, number, at } = request;
  const before = await database.withTenant(tenantId, async (tx) => {
    const test = await requireTest(tx, request);
    return { test, look: await findLook(tx, test, number) };
  });
  if (before.look) return before;
  if (isUnderWay(before.test.state)) await gatherOutcomes(database, before.test, at);
  return database.withTenant(tenantId, async (tx) => {
    const test = await lockTest(tx, tenantId, testKey);
    if (!test) throw new DomainError('not_found', 'there is no such test');
    const look = await findLook(tx, test, number);
    return look ? { test, look } : take(tx, test, request);
  });
}

async function requireTest(tx: TenantTransaction, { tenantId, testKey }: LookRequest): Promise<TestRow> {
  const test = await findTest(tx, tenantId, testKey);
  if (!test) throw new DomainError('not_found', 'there is no such test');
  return test;
}

/** Events of messages by what they say a user did, for all channels. */
const KINDS: Readonly<Record<string, string>> = Object.fromEntries(
  [...vocabulary.keys()].flatMap((event) => {
    if (/^(email|sms|whatsapp|social|push|in_app)_sent$/.test(event)) return [[event, 'sent']];
    const kind = engagementOf(event)?.kind;
    return kind === undefined || kind === 'delivered' ? [] : [[event, kind]];
  }),
);

/** Reads what exposed users did from the messages of their steps and from their events, and keeps it beside what was told. Doing it again adds nothing. */
export async function gatherOutcomes(database: Database, test: TestRow, at: Date): Promise<void> {
  const tenantId = parseTenantId(test.tenantId);
  await database.withTenant(tenantId, async (tx) => {
    await tx.execute(sql`select gather_slots(${tenantId}, ${test.id}, ${at.toISOString()}::timestamptz)`);
    await tx.execute(
      sql`select gather_outcomes(${tenantId}, ${test.id}, ${at.toISOString()}::timestamptz, ${JSON.stringify(KINDS)}::jsonb)`,
    );
    const measure = MEASURES[test.design.primaryMetric.kind];
    if (measure) await tx.execute(sql`select ${measure}(${tenantId}, ${test.id}, ${at.toISOString()}::timestamptz)`);
  });
}

/** What of a metric is read from events that no outcome tells. */
const MEASURES: Readonly<Partial<Record<MetricKind, SQL>>> = {
  engagement_time: sql`measure_engagement`,
  revenue_per_user: sql`measure_past`,
};

async function take(tx: TenantTransaction, test: TestRow, { tenantId, number, at }: LookRequest): Promise<LookTaken> {
  const due = nextTest(test.state, { type: 'lookDue', atMs: at.getTime() });
  if (due.state.mode !== 'looking' || due.state.looks + 1 !== number) return { test, look: undefined };
  const facts = await countArms(tx, test, at);
  const last = number === 1 ? undefined : await findLook(tx, test, number - 1);
  const look = takeLook({ design: test.design, rule: due.state.rule }, last?.state ?? null, facts);
  const row = await insertLook(tx, test, facts, look);
  const nextLookMs = await nextLookAfter(tx, tenantId, at);
  const answered = nextTest(due.state, { type: 'lookAnswered', atMs: at.getTime(), nextLookMs, verdict: look.verdict });
  let changed = await keepState(tx, test, answered.state);
  if (look.nextWeights !== null) changed = await addWeights(tx, changed, { weights: look.nextWeights, at, number });
  for (const command of answered.commands) {
    if (command.type === 'recordEnding') changed = await recordEnding(tx, changed, { ending: command.ending, look, at });
  }
  return { test: changed, look: row };
}

async function insertLook(tx: TenantTransaction, { tenantId, id }: TestRow, counts: LookFacts, look: Look): Promise<TestLookRow> {
  const { state, ...analysis } = look;
  const rows = await tx
    .insert(abTestLooks)
    .values({
      tenantId,
      testId: id,
      lookNumber: look.number,
      lookedAt: new Date(look.atMs),
      information: look.information,
      z: comparisonToTell(look, null)?.z ?? null,
      boundary: look.boundary,
      counts,
      analysis,
      state,
      verdict: look.verdict,
    })
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the look was not written');
  return row;
}

/** From now on the arms have these shares. Nobody who was exposed is moved. */
async function addWeights(
  tx: TenantTransaction,
  test: TestRow,
  { weights, at, number }: { readonly weights: readonly number[]; readonly at: Date; readonly number: number },
): Promise<TestRow> {
  const weightPeriods = [...test.weightPeriods, { fromMs: at.getTime(), weights }];
  await addDecision(tx, test, { kind: 'weights', actor: `look ${number}`, at, detail: { weights } });
  return update(tx, test, { weightPeriods });
}

/** Writes the verdict into the test's own columns, applies the winner where the test was made so, and starts the next test where the tenant allows it. */
async function recordEnding(
  tx: TenantTransaction,
  test: TestRow,
  { ending, look, at }: { readonly ending: Ending; readonly look: Look; readonly at: Date },
): Promise<TestRow> {
  const winner = ending.kind === 'winner' ? ending.variationId : null;
  const by = `look ${look.number}`;
  await addDecision(tx, test, { kind: 'decided', actor: by, at, detail: { ...ending } });
  await keepLearnings(tx, test, look);
  const decided = await update(tx, test, {
    winningVariation: winner,
    confidenceLevel: documentAnswer(test.design, look).confidence_level,
  });
  const tenantId = parseTenantId(test.tenantId);
  const applied =
    winner === null || !test.design.applyAutomatically
      ? decided
      : (await changeTest(tx, { tenantId, testKey: test.testKey, change: { kind: 'apply' }, by, at })).test;
  if (LEADS_ON.includes(ending.kind)) await startNextTest(tx, applied, at);
  return applied;
}

/** After harm, or numbers that cannot be trusted, people look first. */
const LEADS_ON: readonly Ending['kind'][] = ['winner', 'loser', 'inconclusive'];

async function update(tx: TenantTransaction, { tenantId, id }: TestRow, change: Partial<typeof abTests.$inferInsert>): Promise<TestRow> {
  const rows = await tx
    .update(abTests)
    .set({ ...change, updatedAt: sql`now()` })
    .where(and(eq(abTests.tenantId, tenantId), eq(abTests.id, id)))
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the test is gone');
  return row;
}
