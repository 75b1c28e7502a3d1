import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { LaunchBudgets } from '../../core/outreach/launching.js';
import { judgeLaunch, type LaunchVerdict, type Reserved } from '../../core/outreach/pacing.js';
import type { WeekNeed } from '../../core/outreach/weeks.js';
import type { TenantTransaction } from '../client.js';
import { sendingPolicies } from '../tables/consent.js';
import { launchReservations, launchWeeks } from '../tables/outreach.js';

/** What campaigns may launch by themselves; nothing as long as nobody has allowed it. */
export async function readLaunchBudgets(tx: TenantTransaction, tenantId: TenantId): Promise<LaunchBudgets> {
  const rows = await tx
    .select({ budgets: sendingPolicies.launchBudgets })
    .from(sendingPolicies)
    .where(eq(sendingPolicies.tenantId, tenantId));
  return rows[0]?.budgets ?? {};
}

export type Launch = {
  readonly tenantId: TenantId;
  readonly campaignId: number;
  readonly channel: MessageChannel;
  readonly needs: readonly WeekNeed[];
  readonly budget: number;
  /** Today on the tenant's calendar. */
  readonly date: LocalDate;
};

/**
 * Reserves what a launch needs of each week, or says why it does not fit. Whoever launches on the channel at the same time waits here, so
 * that two never pass a budget together. A campaign that has its reservation gets no second one.
 */
export async function reserveLaunch(
  tx: TenantTransaction,
  { tenantId, campaignId, channel, needs, budget, date }: Launch,
): Promise<LaunchVerdict> {
  const weeks = needs.map(({ week }) => week);
  await tx
    .insert(launchWeeks)
    .values(weeks.map((week) => ({ tenantId, channel, week })))
    .onConflictDoNothing();
  await tx
    .select()
    .from(launchWeeks)
    .where(and(eq(launchWeeks.tenantId, tenantId), eq(launchWeeks.channel, channel), inArray(launchWeeks.week, weeks)))
    .orderBy(asc(launchWeeks.week))
    .for('update');
  const reserved = await reservedOf(tx, { tenantId, channel, weeks, date });
  const verdict = judgeLaunch(needs, budget, (week) => reserved.get(week) ?? { before: 0, today: 0 }, date);
  if (verdict.kind === 'fits') {
    await tx.insert(launchReservations).values(needs.map((need) => ({ tenantId, campaignId, channel, ...need, reservedOn: date })));
  }
  return verdict;
}

async function reservedOf(
  tx: TenantTransaction,
  { tenantId, channel, weeks, date }: Pick<Launch, 'tenantId' | 'channel' | 'date'> & { readonly weeks: readonly LocalDate[] },
): Promise<ReadonlyMap<LocalDate, Reserved>> {
  const { week, messages, reservedOn } = launchReservations;
  const rows = await tx
    .select({
      week,
      before: sql<number>`coalesce(sum(${messages}) filter (where ${reservedOn} < ${date}), 0)::float8`,
      today: sql<number>`coalesce(sum(${messages}) filter (where ${reservedOn} >= ${date}), 0)::float8`,
    })
    .from(launchReservations)
    .where(
      and(eq(launchReservations.tenantId, tenantId), eq(launchReservations.channel, channel), inArray(launchReservations.week, [...weeks])),
    )
    .groupBy(week);
  return new Map(rows.map(({ week: of, ...reserved }) => [of, reserved]));
}
