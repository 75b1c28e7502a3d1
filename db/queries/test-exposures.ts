import { sql } from 'drizzle-orm';
import { assignVariation } from '../../core/experiment/assignment.js';
import type { OutcomeKind } from '../../core/experiment/outcomes.js';
import type { TenantTransaction } from '../client.js';
import type { TestRow } from './tests.js';

type TestId = Pick<TestRow, 'tenantId' | 'id'>;

/** The arm of a user who falls due at a moment, by their exposure or else by the hash; nothing for who is not in the test. */
export function armOf(
  test: TestRow,
  { userId, at, exposedTo }: { readonly userId: string; readonly at: Date; readonly exposedTo: string | null },
): string | undefined {
  const { testKey: salt, variations, design, weightPeriods: periods } = test;
  const plan = {
    salt,
    variationIds: variations.map(({ id }) => id),
    exposureShare: design.exposureShare,
    exclusion: design.exclusion,
    periods,
  };
  const assigned = assignVariation(plan, { userId, atMs: at.getTime(), exposedTo });
  return assigned.kind === 'in' ? assigned.variationId : undefined;
}

export type NewExposure = { readonly userId: string; readonly variationId: string; readonly at: Date };
export type ExposureOutcome = {
  /** `second_variation`: the user had another arm before, which stays theirs. */
  readonly outcome: 'recorded' | 'repeated' | 'second_variation' | 'unknown_user';
  readonly userId: string;
  /** The arm that the user counts in. */
  readonly variationId: string | null;
};

/** Records who fell due, once a user; in the order of the exposures, what became of each. */
export async function recordExposures(
  tx: TenantTransaction,
  { tenantId, id }: TestId,
  exposures: readonly NewExposure[],
): Promise<ExposureOutcome[]> {
  const items = exposures.map(({ userId, variationId, at }) => [userId, variationId, at.getTime()]);
  const { rows } = await tx.execute<ExposureOutcome>(sql`
    select outcome, user_id as "userId", variation_id as "variationId"
    from record_exposures(${tenantId}, ${id}, ${JSON.stringify(items)}::jsonb) order by place`);
  await recount(
    tx,
    { tenantId, id },
    rows.filter(({ outcome }) => outcome === 'recorded').map(({ userId }) => userId),
  );
  return rows;
}

export type NewOutcome = {
  /** The sender's: it is stored once. */
  readonly outcomeId: string;
  readonly userId: string;
  readonly kind: OutcomeKind;
  readonly at: Date;
  readonly byMachine: boolean;
  /** Minor units of money, or seconds. */
  readonly value: number | null;
};
/** All but `repeated` and `unknown_user` are stored; only `recorded` counts in the metric. */
export type OutcomeStored = 'recorded' | 'repeated' | 'not_exposed' | 'before_exposure' | 'after_window' | 'by_machine' | 'unknown_user';

/** Stores what users did; in the order of the outcomes, what became of each. */
export async function recordOutcomes(
  tx: TenantTransaction,
  { tenantId, id }: TestId,
  outcomes: readonly NewOutcome[],
): Promise<OutcomeStored[]> {
  const items = outcomes.map(({ outcomeId, userId, kind, at, byMachine, value }) => [
    outcomeId,
    userId,
    kind,
    at.getTime(),
    byMachine,
    value,
  ]);
  const { rows } = await tx.execute<{ outcome: OutcomeStored; userId: string }>(sql`
    select outcome, user_id as "userId" from record_outcomes(${tenantId}, ${id}, ${JSON.stringify(items)}::jsonb) order by place`);
  await recount(
    tx,
    { tenantId, id },
    rows.filter(({ outcome }) => outcome === 'recorded' || outcome === 'by_machine').map(({ userId }) => userId),
  );
  return rows.map(({ outcome }) => outcome);
}

/** The arms that users were exposed to before, by their ids as they are asked for. */
export async function exposedTo(
  tx: TenantTransaction,
  { tenantId, id }: TestId,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly userId: string; readonly variationId: string | null }>> {
  const { rows } = await tx.execute<{ asked: string; userId: string; variationId: string | null }>(sql`
    select a.asked, r.user_id as "userId", e.variation_id as "variationId"
    from unnest(${sql.param(userIds)}::text[]) a(asked)
    cross join lateral (select coalesce((select user_id from user_aliases where tenant_id = ${tenantId} and alias_id = a.asked), a.asked) as user_id) r
    left join ab_test_exposures e on e.tenant_id = ${tenantId} and e.test_id = ${id} and e.user_id = r.user_id`);
  return new Map(rows.map(({ asked, ...found }) => [asked, found]));
}

async function recount(tx: TenantTransaction, { tenantId, id }: TestId, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  await tx.execute(sql`select recount_exposures(${tenantId}, ${id}, ${sql.param(userIds)}::text[])`);
}
