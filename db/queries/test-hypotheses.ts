import { and, eq, inArray } from 'drizzle-orm';
import { controlOf, treatmentsOf, type TestDesign } from '../../core/experiment/design.js';
import { DEFAULT_MINIMUM_EFFECT } from '../../core/experiment/design-request.js';
import { nextHypotheses, type Hypothesis } from '../../core/experiment/hypotheses.js';
import { evidenceOfTraits, type Learning } from '../../core/experiment/learnings.js';
import { familyOf, type MetricKind } from '../../core/experiment/metric.js';
import { changesBetween } from '../../core/experiment/traits.js';
import { possibleTraits } from '../../core/experiment/treatments.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { abTests } from '../tables/tests.js';
import { listLearnings } from './test-learnings.js';
import { findLastLook, findTest, type TestRow } from './tests.js';

/** What to test next about one metric of one channel, the most promising first, as it would start from the last test's control. */
export type NextHypotheses = {
  readonly channel: TestDesign['channel'];
  readonly metric: MetricKind;
  readonly baselineRate: number;
  readonly hypotheses: readonly Hypothesis[];
};

/** For every metric and channel that a test had taught something about by a moment: a tenant's first test is for people to think of. */
export async function hypothesesOfTenant(
  tx: TenantTransaction,
  tenantId: TenantId,
  { asOf, running }: { readonly asOf: Date; readonly running: readonly TestDesign[] },
): Promise<NextHypotheses[]> {
  const learnings = await listLearnings(tx, tenantId, asOf);
  const next: NextHypotheses[] = [];
  for (const kind of new Set(learnings.map(kindOf))) {
    const group = learnings.filter((learning) => kindOf(learning) === kind);
    const last = group.at(-1);
    const test = last && (await findTest(tx, tenantId, last.testId));
    const found = test && (await hypothesesAfter(tx, test, { learnings: group, running }));
    if (found) next.push(found);
  }
  return next;
}

const kindOf = ({ channel, metric }: Learning): string => `${channel} ${metric}`;

/** After one test, from what it and those of its kind have taught. Nothing for a mean, of which no rate can be raised. */
export async function hypothesesAfter(
  tx: TenantTransaction,
  test: TestRow,
  { learnings, running }: { readonly learnings: readonly Learning[]; readonly running: readonly TestDesign[] },
): Promise<NextHypotheses | undefined> {
  const { channel, primaryMetric, alpha, power, durationDays } = test.design;
  const baselineRate = (await findLastLook(tx, test))?.analysis.arms[0]?.value ?? null;
  if (familyOf(primaryMetric.kind) !== 'rate' || baselineRate === null || !(baselineRate > 0 && baselineRate < 1)) return undefined;
  const varied = running.filter((design) => design.channel === channel).flatMap(traitsVaried);
  const hypotheses = nextHypotheses(evidenceOfTraits(learnings, { mean: 0, deviation: DEFAULT_MINIMUM_EFFECT }), {
    baselineRate,
    alpha,
    power,
    durationDays,
    possible: possibleTraits(channel),
    running: varied,
  });
  return { channel, metric: primaryMetric.kind, baselineRate, hypotheses };
}

const traitsVaried = (design: TestDesign) =>
  treatmentsOf(design).flatMap((treatment) => changesBetween(controlOf(design), treatment).map(({ trait }) => trait));

/** What is being tested now, and what is about to be. */
export async function runningDesigns(tx: TenantTransaction, tenantId: TenantId): Promise<TestDesign[]> {
  const rows = await tx
    .select({ design: abTests.design })
    .from(abTests)
    .where(and(eq(abTests.tenantId, tenantId), inArray(abTests.status, ['draft', 'running', 'looking'])));
  return rows.map(({ design }) => design);
}
