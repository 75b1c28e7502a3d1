import { and, desc, eq, inArray, lt, sql, type SQL } from 'drizzle-orm';
import { changeCampaign, type CampaignAnswer, type CampaignChange, type CampaignStatus } from '../../core/campaign/lifecycle.js';
import { DEFAULT_TOPIC } from '../../core/consent/consent.js';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import { watchedReactions } from '../../core/journey/batch.js';
import type { CampaignRequest } from '../../core/journey/campaign-request.js';
import { entersAgain, entersBy, type Plan, type PlanContent, type PlanStep } from '../../core/journey/plan.js';
import type { TenantTransaction } from '../client.js';
import { campaignPlans, outreachCampaigns } from '../tables/campaigns.js';
import type { Goal } from '../tables/tenants.js';
import { listOpenBatches } from './campaign-audience.js';

export type CampaignRow = typeof outreachCampaigns.$inferSelect;
export type CampaignPlan = { readonly plan: Plan; readonly contents: readonly PlanContent[] };

export type NewCampaign = CampaignPlan & {
  readonly tenantId: TenantId;
  readonly name: string;
  /** Null where an event lets anybody enter. */
  readonly segmentId: number | null;
  readonly request: CampaignRequest;
  readonly goal: Goal | null;
  /** An id of a key or of a suggestion, never a name. */
  readonly by: string;
  readonly at: Date;
};

/** Writes a draft and the first version of its plan. Throws `conflict` where the key that the request brings is taken. */
export async function insertCampaign(tx: TenantTransaction, campaign: NewCampaign): Promise<CampaignRow> {
  const { tenantId, name, segmentId, request, goal, plan, contents, by, at } = campaign;
  const key = request.campaign_id ?? sql`'camp_' || left(replace(gen_random_uuid()::text, '-', ''), 20)`;
  const rows = await tx
    .insert(outreachCampaigns)
    .values({
      tenantId,
      campaignKey: key,
      campaignName: name,
      segmentId,
      request,
      goal,
      createdBy: by,
      createdAt: at,
      ...standingOf(request),
      ...planColumns({ plan, contents }),
    })
    .onConflictDoNothing()
    .returning();
  const [row] = rows;
  if (!row) throw new DomainError('conflict', `there is a campaign ${JSON.stringify(request.campaign_id)} already`);
  await insertPlan(tx, row, { plan, contents, by, at });
  return row;
}

export type CampaignEdit = CampaignPlan & Pick<NewCampaign, 'name' | 'segmentId' | 'request' | 'goal' | 'by' | 'at'>;

/** Gives a draft its next version. Throws `conflict` where it was launched. */
export async function editCampaign(tx: TenantTransaction, row: CampaignRow, edit: CampaignEdit): Promise<CampaignRow> {
  const { name, segmentId, request, goal, by, at, ...made } = edit;
  const rows = await tx
    .update(outreachCampaigns)
    .set({
      campaignName: name,
      segmentId,
      request,
      goal,
      updatedAt: at,
      planVersion: made.plan.version,
      ...standingOf(request),
      ...planColumns(made),
    })
    .where(and(isCampaign(row), eq(outreachCampaigns.status, 'draft')))
    .returning();
  const [changed] = rows;
  if (!changed) throw new DomainError('conflict', 'a campaign that was launched cannot be changed');
  await insertPlan(tx, changed, { ...made, by, at });
  return changed;
}

/** What people have to have consented to, and which caps hold. */
const standingOf = ({ topic = DEFAULT_TOPIC, priority = 0 }: CampaignRequest) => ({ topic, priority });

function planColumns({ plan, contents }: CampaignPlan) {
  const channels = new Set(plan.steps.map(({ channel }) => channel));
  const [channel = 'email'] = channels;
  return {
    channel: channels.size > 1 ? ('multi' as const) : channel,
    provider: providerOf(plan),
    messageTemplate: contents,
    watched: watchedReactions(plan),
    leavesWithSegment: plan.exits.segmentLeft,
    enters: entersBy(plan),
    entryEvent: plan.entry.kind === 'event' ? plan.entry.event : null,
    entersOnce: !entersAgain(plan),
  };
}

/** The network of a campaign whose social steps all name the same. */
function providerOf({ steps }: Plan): SocialProvider | null {
  const named = new Set(steps.flatMap(({ channel, provider }) => (channel === 'social' ? [provider ?? null] : [])));
  return named.size === 1 ? ([...named][0] ?? null) : null;
}

async function insertPlan(
  tx: TenantTransaction,
  { tenantId, id }: CampaignRow,
  { plan, contents, by, at }: CampaignPlan & { readonly by: string; readonly at: Date },
): Promise<void> {
  await tx.insert(campaignPlans).values({ tenantId, campaignId: id, version: plan.version, plan, contents, createdBy: by, createdAt: at });
}

/** The version that a campaign's journeys go by. */
export async function readPlan(tx: TenantTransaction, { tenantId, id, planVersion }: CampaignRow): Promise<CampaignPlan> {
  const rows = await tx
    .select({ plan: campaignPlans.plan, contents: campaignPlans.contents })
    .from(campaignPlans)
    .where(and(eq(campaignPlans.tenantId, tenantId), eq(campaignPlans.campaignId, id), eq(campaignPlans.version, planVersion)));
  const [row] = rows;
  if (!row) throw new Error(`the plan ${planVersion} of the campaign is gone`);
  return row;
}

/** A step with its words, and the plan and the topic of its campaign. */
export type FoundStep = {
  readonly template: string;
  readonly test: string | undefined;
  readonly content: PlanContent;
  readonly step: PlanStep;
  readonly plan: Plan;
  readonly topic: string;
};

/** What a step of a campaign says: its template, and the words of its own. */
export async function requireCampaignStep(
  tx: TenantTransaction,
  { tenantId, campaignId, stepKey }: { readonly tenantId: TenantId; readonly campaignId: number; readonly stepKey: number },
): Promise<FoundStep> {
  const [row] = await tx
    .select()
    .from(outreachCampaigns)
    .where(and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.id, campaignId)));
  const { plan, contents } = row ? await readPlan(tx, row) : { plan: undefined, contents: [] };
  const step = plan?.steps.find(({ key }) => key === stepKey);
  if (!row || !plan || !step) throw new Error(`the plan of the campaign has no step ${stepKey}`);
  const content = contents.find(({ key }) => key === step.key) ?? { key: step.key };
  return { template: step.template, test: step.test, content, step, plan, topic: row.topic };
}

export async function findCampaign(tx: TenantTransaction, tenantId: TenantId, campaignKey: string): Promise<CampaignRow | undefined> {
  const rows = await tx
    .select()
    .from(outreachCampaigns)
    .where(and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.campaignKey, campaignKey)));
  return rows[0];
}

export async function requireCampaign(tx: TenantTransaction, tenantId: TenantId, campaignKey: string): Promise<CampaignRow> {
  const campaign = await findCampaign(tx, tenantId, campaignKey);
  if (!campaign) throw new DomainError('not_found', 'there is no such campaign');
  return campaign;
}

/** A campaign as it is now, held until the transaction ends: changes of one campaign wait for each other. */
export async function holdCampaign(tx: TenantTransaction, row: CampaignRow): Promise<CampaignRow> {
  const [held] = await tx.select().from(outreachCampaigns).where(isCampaign(row)).for('no key update');
  if (!held) throw new DomainError('not_found', 'there is no such campaign');
  return held;
}

export type CampaignFilter = {
  readonly status?: CampaignStatus | undefined;
  readonly before: number | undefined;
  readonly limit: number;
};

/** The latest first, before the campaign `before`. */
export function listCampaigns(
  tx: TenantTransaction,
  tenantId: TenantId,
  { status, before, limit }: CampaignFilter,
): Promise<CampaignRow[]> {
  const conditions: SQL[] = [eq(outreachCampaigns.tenantId, tenantId)];
  if (status !== undefined) conditions.push(eq(outreachCampaigns.status, status));
  if (before !== undefined) conditions.push(lt(outreachCampaigns.id, before));
  return tx
    .select()
    .from(outreachCampaigns)
    .where(and(...conditions))
    .orderBy(desc(outreachCampaigns.id))
    .limit(limit);
}

/**
 * Changes where a campaign is in its life; its row decides. Whoever asks for what is so already changes nothing. `shownAt` is the same
 * moment by the campaign's own clock.
 */
export async function changeStatus(
  tx: TenantTransaction,
  row: CampaignRow,
  change: CampaignChange,
  at: Date,
  shownAt = at,
): Promise<{ readonly answer: CampaignAnswer; readonly campaign: CampaignRow }> {
  const held = await holdCampaign(tx, row);
  const answer = changeCampaign(held.status, change);
  if (answer.kind !== 'done') return { answer, campaign: held };
  const rows = await tx
    .update(outreachCampaigns)
    .set({
      status: answer.status,
      ...(change === 'launch' && { launchedAt: at, ...(held.goal && { convertsUntil: sql`'infinity'::timestamptz` }) }),
      ...(change === 'resume' && { resumedAt: shownAt }),
      ...(change === 'cancel' && ended(held, at)),
      updatedAt: at,
    })
    .where(isCampaign(row))
    .returning();
  if (change === 'cancel') await forgetEntrants(tx, row);
  return { answer, campaign: rows[0] ?? held };
}

const forgetEntrants = (tx: TenantTransaction, { tenantId, id }: CampaignRow) =>
  tx.execute(sql`delete from campaign_entrants where tenant_id = ${tenantId} and campaign_id = ${id}`);

/** Finishes a campaign whose journeys are all over. One that people enter again and again goes on until somebody cancels it. */
export async function settleCampaign(tx: TenantTransaction, row: CampaignRow, at: Date): Promise<CampaignRow> {
  const isAlive = (row.status === 'running' || row.status === 'paused') && row.enters === 'launch';
  if (!isAlive || row.recipients === null || (await listOpenBatches(tx, row, { after: -1, limit: 1 })).length > 0) return row;
  const rows = await tx
    .update(outreachCampaigns)
    .set({ status: 'finished', ...ended(row, at), updatedAt: at })
    .where(and(isCampaign(row), inArray(outreachCampaigns.status, ['running', 'paused'])))
    .returning();
  return rows[0] ?? row;
}

/** What a message leads to counts for a while after the last one. */
const ended = ({ goal }: CampaignRow, at: Date) => ({
  endedAt: at,
  ...(goal && { convertsUntil: new Date(at.getTime() + goal.windowDays * 86_400_000) }),
});

const isCampaign = ({ tenantId, id }: CampaignRow) => and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.id, id));
