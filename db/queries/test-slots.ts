import { sql } from 'drizzle-orm';
import { lastingVariation } from '../../core/experiment/lasting-variation.js';
import { slotFaults } from '../../core/experiment/slot-faults.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { TenantId } from '../../core/ids.js';
import type { CampaignRequest, PlanFault } from '../../core/journey/campaign-request.js';
import type { Plan } from '../../core/journey/plan.js';
import type { Database, TenantTransaction } from '../client.js';
import type { StepOfBatch } from './send-ledger.js';
import { armOf, exposedTo, recordExposures } from './test-exposures.js';
import { findTest, isUnderWay, type TestRow } from './tests.js';

export type TestedStep = StepOfBatch & {
  /** The test whose arms it shows. */
  readonly test: string;
};

type Member = { readonly userId: string; readonly entry: number };

/**
 * Decides the arms of those who fall due in a step, and writes their exposures, once a user, before anything that could depend on the arm. Who
 * is not in the test, or falls due while it does not run, is not exposed. In a pause nobody falls due.
 */
export function exposeMembers({ withTenant }: Pick<Database, 'withTenant'>, step: TestedStep, at: Date): Promise<void> {
  const { tenantId, test: testKey } = step;
  return withTenant(tenantId, async (tx) => {
    const test = await findTest(tx, tenantId, testKey);
    if (!test || !isUnderWay(test.state) || test.startDate === null || at < test.startDate) return;
    // Of two tries at once the second one finds the first one's exposures.
    await tx.execute(sql`select hold_users(${tenantId}, false), hold_results(${tenantId}, ${test.id})`);
    const members = await membersOf(tx, step);
    const before = await exposedTo(
      tx,
      test,
      members.map(({ userId }) => userId),
    );
    const due = members.filter(({ userId }) => before.get(userId)?.variationId === null);
    const exposures = due.flatMap(({ userId }) => {
      const variationId = armOf(test, { userId, at, exposedTo: null });
      return variationId === undefined ? [] : [{ userId, variationId, at }];
    });
    if (exposures.length === 0) return;
    const recorded = (await recordExposures(tx, test, exposures)).filter(({ outcome }) => outcome === 'recorded');
    const exposed = new Set(recorded.map(({ userId }) => userId));
    await keepSlots(tx, test, { step, members: due.filter(({ userId }) => exposed.has(userId)) });
  });
}

async function membersOf(tx: TenantTransaction, { tenantId, campaignId, batch, members }: StepOfBatch): Promise<readonly Member[]> {
  const { rows } = await tx.execute<Member>(sql`
    select j.user_id as "userId", j.entry
    from unnest(${sql.param([...members])}::integer[]) m(idx)
    cross join lateral (
      select j.user_id, j.entry from journeys j
      where j.tenant_id = ${tenantId} and j.campaign_id = ${campaignId} and j.batch = ${batch} and j.idx = m.idx limit 1) j
    where exists (select from outreach_campaigns c where c.tenant_id = ${tenantId} and c.id = ${campaignId} and c.status = 'running')`);
  return rows;
}

async function keepSlots(
  tx: TenantTransaction,
  { tenantId, id }: TestRow,
  { step, members }: { readonly step: StepOfBatch; readonly members: readonly Member[] },
): Promise<void> {
  const { campaignId, stepKey, channel } = step;
  const people = sql.param(members.map(({ userId }) => userId));
  const entries = sql.param(members.map(({ entry }) => entry));
  await tx.execute(sql`
    insert into test_slots (tenant_id, test_id, user_id, campaign_id, entry, step_key, channel)
    select ${tenantId}, ${id}, m.person, ${campaignId}, m.entry, ${stepKey}, ${channel}
    from unnest(${people}::text[], ${entries}::integer[]) m(person, entry) on conflict do nothing`);
}

/** What the arms of a step's test show: to each user, and all that anybody may be shown. */
export type ShownArms = {
  readonly all: readonly Variation['parts'][];
  readonly to: (userId: string) => Variation['parts'];
};

const NOTHING_VARIES: ShownArms = { all: [{}], to: () => ({}) };

/** Reads them: while the test runs those of the exposures, then for everybody what has won, or else the control's. */
export async function readShownArms(
  tx: TenantTransaction,
  tenantId: TenantId,
  testKey: string | undefined,
  userIds: readonly string[],
): Promise<ShownArms> {
  const test = testKey === undefined ? undefined : await findTest(tx, tenantId, testKey);
  if (!test || test.state.mode === 'draft') return NOTHING_VARIES;
  const lasting = lastingVariation(test.state, test.variations);
  if (lasting) return { all: [lasting.parts], to: () => lasting.parts };
  const exposed = await exposedTo(tx, test, userIds);
  const partsOf = (id: string | null | undefined) => test.variations.find((variation) => variation.id === id)?.parts ?? {};
  return { all: [{}, ...test.variations.map(({ parts }) => parts)], to: (userId) => partsOf(exposed.get(userId)?.variationId) };
}

/** What is wrong with the tests that a campaign names. */
export async function testFaults(tx: TenantTransaction, tenantId: TenantId, { sequence }: CampaignRequest): Promise<readonly PlanFault[]> {
  const faults: PlanFault[] = [];
  for (const [i, step] of sequence.entries()) {
    if (step.test === undefined) continue;
    const field = `sequence[${i}].test`;
    const test = await findTest(tx, tenantId, step.test);
    if (!test) faults.push({ field, message: 'there is no such test: POST /v1/tests designs one' });
    else if (lastingVariation(test.state, test.variations)) faults.push({ field, message: 'it is over: leave it out' });
    else faults.push(...slotFaults(step, test.design, field));
  }
  return faults;
}

/** Tests of a plan that nobody is in, since they do not run. */
export async function testWarnings(tx: TenantTransaction, tenantId: TenantId, { steps }: Plan): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const { key, test: testKey } of steps) {
    const test = testKey === undefined ? undefined : await findTest(tx, tenantId, testKey);
    if (test && !isUnderWay(test.state)) warnings.push(`step ${key}: the test ${testKey} is ${test.state.mode}, so that nobody enters it`);
  }
  return warnings;
}
