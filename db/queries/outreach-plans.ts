import { and, asc, eq, sql } from 'drizzle-orm';
import type { LocalDate, TenantId } from '../../core/ids.js';
import { RESTS_DAYS, type Standing } from '../../core/outreach/drafting.js';
import { planIdOf } from '../../core/outreach/subject.js';
import type { PlanOutcome, ToldPlan } from '../../core/outreach/told.js';
import type { TenantTransaction } from '../client.js';
import { campaignPlans, outreachCampaigns } from '../tables/campaigns.js';
import { outreachPlans } from '../tables/outreach.js';
import type { CampaignRow } from './campaigns.js';

export type OutreachPlanRow = typeof outreachPlans.$inferSelect;

/** Whoever writes drafts from plans, or takes one over, holds this until the transaction ends: two walks draft nothing twice. */
export async function holdOutreach(tx: TenantTransaction, tenantId: TenantId): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`outreach ${tenantId}`}, 0))`);
}

/** Whether a later day was walked: then what this one plans is history. */
export async function isOvertaken(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<boolean> {
  const { rows } = await tx.execute(
    sql`select from walks where tenant_id = ${tenantId} and walk_date > ${walkDate} and status = 'succeeded' limit 1`,
  );
  return rows.length > 0;
}

type StandingRow = Omit<Standing, 'planId'> & { readonly segmentKey: string | null };

/** Campaigns of one channel that are drafts, run, or ended within the time for which a subject rests. The latest first. */
export async function standingCampaigns(
  tx: TenantTransaction,
  tenantId: TenantId,
  { channels, asOf }: { readonly channels: readonly string[]; readonly asOf: Date },
): Promise<Standing[]> {
  const { rows } = await tx.execute<StandingRow>(sql`
    select c.id::float8 as "campaignId", c.campaign_key as "campaignKey", c.campaign_name as name, c.status, c.channel, c.request, s.segment_key as "segmentKey",
      p.created_by as "writtenBy",
      exists (select from outreach_plans o where o.tenant_id = ${tenantId} and o.campaign_id = c.id and o.outcome = 'withdrawn') as "isWithdrawn"
    from outreach_campaigns c
    join campaign_plans p on p.tenant_id = c.tenant_id and p.campaign_id = c.id and p.version = c.plan_version
    left join audience_segments s on s.tenant_id = c.tenant_id and s.id = c.segment_id
    where c.tenant_id = ${tenantId} and c.channel = any (${sql.param([...channels])}::text[])
      and (c.status in ('draft', 'running', 'paused') or c.ended_at > ${asOf.toISOString()}::timestamptz - make_interval(days => ${RESTS_DAYS}))
    order by c.id desc`);
  return rows.map(({ segmentKey, ...row }) => {
    const { segment: _, ...request } = row.request; // which may be its name
    return {
      ...row,
      planId: planIdOf({ channel: row.channel, request: { ...request, ...(segmentKey !== null && { segment: segmentKey }) } }),
    };
  });
}

export type PlanNoted = Pick<OutreachPlanRow, 'planId' | 'position' | 'channel' | 'campaignId' | 'outcome' | 'messages'>;

const MADE: readonly PlanOutcome[] = ['drafted', 'renewed'];

/** Writes what became of a walk's plans. What the walk has made itself it is still said to have made when it is repeated. */
export async function notePlans(
  tx: TenantTransaction,
  tenantId: TenantId,
  walkDate: LocalDate,
  noted: readonly PlanNoted[],
): Promise<void> {
  const earlier = await plansOfWalk(tx, tenantId, walkDate);
  const kept = new Set(noted.map(({ planId }) => planId));
  for (const { planId, outcome } of earlier) {
    if (kept.has(planId) || outcome === 'withdrawn') continue;
    await tx.delete(outreachPlans).where(isPlan(tenantId, walkDate, planId));
  }
  for (const plan of noted) {
    const before = earlier.find((one) => one.planId === plan.planId && one.campaignId === plan.campaignId);
    const isOwn = before !== undefined && MADE.includes(before.outcome) && (plan.outcome === 'open' || plan.outcome === 'running');
    const values = { ...plan, outcome: isOwn ? before.outcome : plan.outcome };
    await tx
      .insert(outreachPlans)
      .values({ tenantId, walkDate, ...values })
      .onConflictDoUpdate({
        target: [outreachPlans.tenantId, outreachPlans.walkDate, outreachPlans.planId],
        set: { ...values, ...(before === undefined && { launchedAt: null, waitsBecause: null }), updatedAt: sql`now()` },
      });
  }
}

/** In the order of their worth. */
export function plansOfWalk(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<OutreachPlanRow[]> {
  return tx
    .select()
    .from(outreachPlans)
    .where(and(eq(outreachPlans.tenantId, tenantId), eq(outreachPlans.walkDate, walkDate)))
    .orderBy(asc(outreachPlans.position), asc(outreachPlans.planId));
}

/** What a brief tells of them. */
export async function plansToTell(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<ToldPlan[]> {
  const rows = await tx
    .select({ plan: outreachPlans, name: outreachCampaigns.campaignName, key: outreachCampaigns.campaignKey })
    .from(outreachPlans)
    .innerJoin(
      outreachCampaigns,
      and(eq(outreachCampaigns.tenantId, outreachPlans.tenantId), eq(outreachCampaigns.id, outreachPlans.campaignId)),
    )
    .where(and(eq(outreachPlans.tenantId, tenantId), eq(outreachPlans.walkDate, walkDate)))
    .orderBy(asc(outreachPlans.position), asc(outreachPlans.planId));
  return rows.map(({ plan: { channel, outcome, messages, waitsBecause, launchedAt }, name, key }) => ({
    channel,
    outcome,
    messages,
    waitsBecause,
    name: name ?? key,
    isLaunched: launchedAt !== null,
  }));
}

/** Writes that a plan was launched by itself, or why it was not; null where nothing lets it. */
export async function noteLaunch(
  tx: TenantTransaction,
  { tenantId, walkDate, planId }: OutreachPlanRow,
  launch: { readonly launchedAt: Date } | { readonly waitsBecause: string | null },
): Promise<void> {
  const set = 'launchedAt' in launch ? { ...launch, waitsBecause: null } : launch;
  await tx
    .update(outreachPlans)
    .set({ ...set, updatedAt: sql`now()` })
    .where(isPlan(tenantId, walkDate, planId));
}

const isPlan = (tenantId: string, walkDate: LocalDate, planId: string) =>
  and(eq(outreachPlans.tenantId, tenantId), eq(outreachPlans.walkDate, walkDate), eq(outreachPlans.planId, planId));

/** Who has written the version of a campaign's plan that is in force. */
export async function authorOfPlan(tx: TenantTransaction, { tenantId, id, planVersion }: CampaignRow): Promise<string | undefined> {
  const rows = await tx
    .select({ by: campaignPlans.createdBy })
    .from(campaignPlans)
    .where(and(eq(campaignPlans.tenantId, tenantId), eq(campaignPlans.campaignId, id), eq(campaignPlans.version, planVersion)));
  return rows[0]?.by;
}

/** The campaign that a plan has drafted, or found. */
export async function campaignOfPlan(tx: TenantTransaction, { tenantId, campaignId }: OutreachPlanRow): Promise<CampaignRow> {
  const rows = await tx
    .select()
    .from(outreachCampaigns)
    .where(and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.id, campaignId)));
  const [row] = rows;
  if (!row) throw new Error('the campaign of a plan is gone');
  return row;
}
