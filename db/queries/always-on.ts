import { DomainError } from '../../core/errors.js';
import { controlOf } from '../../core/experiment/design.js';
import type { Hypothesis } from '../../core/experiment/hypotheses.js';
import { treatmentFor } from '../../core/experiment/treatments.js';
import { changeInWords } from '../../core/experiment/traits.js';
import type { Variation } from '../../core/experiment/variation.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { listTemplateDefaults } from './template-defaults.js';
import { changeTest } from './test-changes.js';
import { createTest, type TestWish } from './test-creation.js';
import { hypothesesAfter, runningDesigns } from './test-hypotheses.js';
import { listLearnings } from './test-learnings.js';
import { readTenant } from './tenants.js';
import { takenExclusions, type TestRow } from './tests.js';

/** Tests that start by themselves share this group: no user is in two of them, and together they have no more than the budget. */
export const ALWAYS_ON_GROUP = 'always on';
/** A share of users smaller than this makes no test. */
const LEAST_SHARE = 0.01;

/**
 * Where the tenant's policy says so, starts the next hypothesis after a test that has just been decided, on the users that the
 * policy allows and no other such test has. The control is what is the default now; the other arm is that with one change which
 * needs no wording. The first hypothesis for which there are enough users is taken. Gives the new test's key, if there is one.
 */
export async function startNextTest(tx: TenantTransaction, after: TestRow, at: Date): Promise<string | undefined> {
  const tenantId = parseTenantId(after.tenantId);
  const { applyTo } = after.design;
  const budget = (await readTenant(tx, tenantId))?.settings.tests?.alwaysOnShare ?? 0;
  if (budget <= 0 || applyTo === null) return undefined;
  const taken = (await takenExclusions(tx, tenantId)).filter(({ group }) => group === ALWAYS_ON_GROUP);
  const share = budget - taken.reduce((sum, { from, to }) => sum + (to - from), 0);
  if (share < LEAST_SHARE) return undefined;
  const { channel, primaryMetric } = after.design;
  const learnings = (await listLearnings(tx, tenantId, at)).filter(
    (learning) => learning.channel === channel && learning.metric === primaryMetric.kind,
  );
  const next = await hypothesesAfter(tx, after, { learnings, running: await runningDesigns(tx, tenantId) });
  const [current] = await listTemplateDefaults(tx, tenantId, applyTo);
  const parts = { ...controlOf(after.design).parts, ...current?.parts };
  if (next === undefined) return undefined;
  for (const hypothesis of next.hypotheses) {
    const treatment = treatmentFor(hypothesis.change, parts);
    if (treatment === null) continue;
    const wish = wishFrom(after, { hypothesis, baselineRate: next.baselineRate, parts, treatment, share });
    const testKey = await startIfPossible(tx, { tenantId, wish, after, hypothesis, at });
    if (testKey !== undefined) return testKey;
  }
  return undefined;
}

type Proposal = {
  readonly hypothesis: Hypothesis;
  readonly baselineRate: number;
  readonly parts: Variation['parts'];
  readonly treatment: Variation['parts'];
  readonly share: number;
};

function wishFrom({ testKey, design }: TestRow, { hypothesis, baselineRate, parts, treatment, share }: Proposal): TestWish {
  const { primaryMetric, applyTo } = design;
  const words = changeInWords(hypothesis.change);
  return {
    name: `${applyTo ?? design.name}: ${words}`,
    channel: design.channel,
    variations: [
      { id: 'control', name: 'As it is', parts },
      { id: hypothesis.change.trait, name: words, parts: treatment },
    ],
    audience: design.audience,
    primaryMetric: primaryMetric.kind,
    ...(primaryMetric.kind === 'conversion_rate' && { goal: primaryMetric.goal }),
    guardrails: design.guardrails,
    exclusionGroup: { group: ALWAYS_ON_GROUP, share },
    baseline: { kind: 'rate', rate: baselineRate, source: `the control of ${testKey}`, ageDays: 0 },
    minimumEffect: hypothesis.minimumEffect,
    alpha: design.alpha,
    power: design.power,
    durationDays: design.durationDays,
    conversionWindowHours: design.conversionWindowHours,
    ...(applyTo !== null && { applyTo }),
    applyAutomatically: design.applyAutomatically,
  };
}

type Start = {
  readonly tenantId: TenantId;
  readonly wish: TestWish;
  readonly after: TestRow;
  readonly hypothesis: Hypothesis;
  readonly at: Date;
};

/** All of it or nothing: a test that cannot be made, or for which there are too few users, leaves no draft. */
async function startIfPossible(tx: TenantTransaction, { tenantId, wish, after, hypothesis, at }: Start): Promise<string | undefined> {
  const by = `always on, after ${after.testKey}`;
  const origin = { after: after.testKey, hypothesis: hypothesis.statement, evidence: hypothesis.evidence };
  try {
    return await tx.transaction(async (inner) => {
      const created = await createTest(inner, { tenantId, wish, by, at, origin });
      if (created.kind === 'refused') throw new DomainError('invalid', created.faults.map(({ message }) => message).join('; '));
      const { testKey } = created.test;
      const { answer } = await changeTest(inner, { tenantId, testKey, change: { kind: 'start', acceptTooSmall: false }, by, at });
      if (answer.kind === 'refused') throw new DomainError('conflict', answer.because);
      return testKey;
    });
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
