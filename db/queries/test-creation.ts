import { and, asc, eq, gte, or } from 'drizzle-orm';
import { baselineFrom } from '../../core/ab-test/baseline.js';
import { DomainError } from '../../core/errors.js';
import { freeStretch } from '../../core/experiment/assignment.js';
import type { Baseline, Exclusion } from '../../core/experiment/design.js';
import type { DesignFault } from '../../core/experiment/design-faults.js';
import { designTest, type TestRequest } from '../../core/experiment/design-request.js';
import { priorFrom } from '../../core/experiment/learnings.js';
import { planTest } from '../../core/experiment/plan.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { metricBaselines } from '../tables/tests.js';
import { listLearnings } from './test-learnings.js';
import { audienceOf, hasSegment, holdExclusions, insertTest, takenExclusions, type TestRow } from './tests.js';
import { readTenant, type Tenant } from './tenants.js';

/** A test as it is asked for. Of an exclusion group a share is asked for; which stretch it is, is found here. */
export type TestWish = Omit<TestRequest, 'exclusion'> & { readonly exclusionGroup?: { readonly group: string; readonly share: number } };

export type CreatedTest =
  { readonly kind: 'created'; readonly test: TestRow } | { readonly kind: 'refused'; readonly faults: readonly DesignFault[] };

export type Creation = {
  readonly tenantId: TenantId;
  readonly wish: TestWish;
  readonly by: string;
  readonly at: Date;
  readonly origin?: Readonly<Record<string, unknown>>;
};

/** The goal that counts as converted where a test is about something else. */
const USUAL_GOAL = 'convert_to_paid';

/** Designs and plans a test from what is known of the tenant, and writes it as a draft; or says all that is wrong with it. */
export async function createTest(tx: TenantTransaction, { tenantId, wish, by, at, origin }: Creation): Promise<CreatedTest> {
  const tenant = await readTenant(tx, tenantId);
  if (!tenant) throw new DomainError('not_found', `there is no tenant ${tenantId}`);
  const { exclusionGroup, ...asked } = wish;
  const request: TestRequest = {
    ...asked,
    ...(wish.primaryMetric === 'revenue_per_user' && { currency: wish.currency ?? tenant.currency }),
  };
  const exclusion = exclusionGroup && (await findStretch(tx, tenantId, exclusionGroup));
  const faults: DesignFault[] = await faultsWithTenant(tx, tenant, request);
  if (faults.length > 0) return { kind: 'refused', faults };
  if (exclusion === null) {
    faults.push({
      field: 'exclusion',
      message: `the group ${JSON.stringify(exclusionGroup?.group)} has no such share left: other tests hold it`,
    });
  }
  const segment = request.audience.kind === 'segment' ? request.audience.segmentId : undefined;
  const audience = await audienceOf(tx, tenantId, segment, at);
  const [baseline, prior] = [await findBaseline(tx, tenantId, request, at), await learnedPrior(tx, tenantId, request, at)];
  const designed = designTest({ ...request, ...(exclusion && { exclusion }) }, { baseline, audienceUsers: audience.users, prior });
  if (designed.status === 'refused') return { kind: 'refused', faults: [...designed.faults, ...faults] };
  if (faults.length > 0) return { kind: 'refused', faults };
  const { design } = designed;
  const plan = planTest(design, { usersNow: audience.users, newUsersPerDay: audience.newIn30Days / 30 });
  const goal = tenant.goals[request.goal ?? USUAL_GOAL];
  const kept = goal ? { event: goal.event, filters: goal.filters } : null;
  const test = await insertTest(tx, {
    tenantId,
    design,
    plan,
    audienceSize: audience.users,
    goal: kept,
    by,
    at,
    ...(origin && { origin }),
  });
  return { kind: 'created', test };
}

async function faultsWithTenant(tx: TenantTransaction, { tenantId, goals }: Tenant, request: TestRequest): Promise<DesignFault[]> {
  const faults: DesignFault[] = [];
  if (request.goal !== undefined && !goals[request.goal]) {
    faults.push({
      field: 'goal',
      message: `the tenant has no goal ${JSON.stringify(request.goal)}; there are ${Object.keys(goals).join(', ')}`,
    });
  }
  const { audience } = request;
  if (audience.kind === 'segment' && !(await hasSegment(tx, tenantId, audience.segmentId))) {
    faults.push({ field: 'audience', message: 'there is no such segment' });
  }
  return faults;
}

async function findStretch(
  tx: TenantTransaction,
  tenantId: TenantId,
  wanted: { readonly group: string; readonly share: number },
): Promise<Exclusion | null> {
  await holdExclusions(tx, tenantId);
  return freeStretch(await takenExclusions(tx, tenantId), wanted);
}

/** What the walks measured of the test's metric, with its source and age; null where they saw nothing. */
async function findBaseline(tx: TenantTransaction, tenantId: TenantId, request: TestRequest, now: Date): Promise<Baseline | null> {
  const subject = request.goal ?? request.currency ?? request.channel;
  const windowHours = request.conversionWindowHours ?? 72;
  const rows = await tx
    .select()
    .from(metricBaselines)
    .where(
      and(
        eq(metricBaselines.tenantId, tenantId),
        eq(metricBaselines.metric, request.primaryMetric as 'ctr'),
        eq(metricBaselines.subject, subject),
        or(eq(metricBaselines.windowHours, 0), gte(metricBaselines.windowHours, windowHours)),
      ),
    )
    .orderBy(asc(metricBaselines.windowHours))
    .limit(1);
  return rows[0] ? baselineFrom(rows[0], now) : null;
}

/** What past tests of the same channel and metric say of relative effects; null where there are too few. */
async function learnedPrior(tx: TenantTransaction, tenantId: TenantId, { channel, primaryMetric }: TestRequest, now: Date) {
  const learnings = await listLearnings(tx, tenantId, now);
  return priorFrom(learnings.filter((learning) => learning.channel === channel && learning.metric === primaryMetric));
}
