import { DomainError } from '../../core/errors.js';
import { parseTenantId } from '../../core/ids.js';
import type { OutreachArtifact } from '../../core/outreach/artifact.js';
import type { OutreachChannel } from '../../core/outreach/channels.js';
import { decideDraft, draftsToWithdraw, walkAuthor, type Drafted, type Standing } from '../../core/outreach/drafting.js';
import type { PlanOutcome } from '../../core/outreach/told.js';
import type { TenantTransaction } from '../../db/client.js';
import { createCampaign, editDraft, type WrittenCampaign } from '../../db/queries/campaign-creation.js';
import { changeStatus, requireCampaign } from '../../db/queries/campaigns.js';
import { holdOutreach, isOvertaken, notePlans, plansOfWalk, standingCampaigns, type PlanNoted } from '../../db/queries/outreach-plans.js';
import { outreachKey } from './keys.js';
import { openOutreach, type OutreachDependencies, type OutreachInput, type OutreachWalk } from './walk.js';

export type DraftsWritten = Readonly<Record<PlanOutcome, number>>;

/** Leaves at most one draft of each plan, and takes back those of earlier walks that nobody launched and that hold no more. */
export async function draftPlans(
  { database, objects, now }: OutreachDependencies,
  { channels, ...input }: OutreachInput & { readonly channels: readonly OutreachChannel[] },
): Promise<DraftsWritten> {
  return database.withTenant(parseTenantId(input.tenantId), async (tx) => {
    const walk = await openOutreach(tx, input);
    const { tenantId, walkDate, asOf } = walk;
    if (!(await isOvertaken(tx, tenantId, walkDate))) {
      const plans: Planned[] = [];
      for (const channel of channels) plans.push(...plansIn(channel, await objects.get(outreachKey(tenantId, walkDate, channel))));
      await holdOutreach(tx, tenantId);
      const standing = await standingCampaigns(tx, tenantId, { channels, asOf });
      const withdrawn = await withdraw(tx, walk, draftsToWithdraw(plans, standing), now());
      const noted: PlanNoted[] = [];
      for (const plan of plans) noted.push(await draft(tx, walk, plan, { standing, at: now() }));
      await notePlans(tx, tenantId, walkDate, [...noted, ...withdrawn]);
    }
    return countsOf(await plansOfWalk(tx, tenantId, walkDate));
  });
}

type Planned = Drafted & Pick<PlanNoted, 'position' | 'channel' | 'messages'>;

/** The plans of an artifact that a step before has written. */
function plansIn(channel: OutreachChannel, artifact: Buffer | undefined): Planned[] {
  if (!artifact) throw new Error(`the plans on ${channel} are not where the step before has put them`);
  const { campaigns } = JSON.parse(artifact.toString('utf8')) as OutreachArtifact;
  return campaigns.map(({ plan_id: planId, campaign_name: name, campaign: request, figures }, position) => ({
    planId,
    name,
    request,
    channel,
    position,
    messages: figures.most_messages ?? 0,
  }));
}

type Drafting = { readonly standing: readonly Standing[]; readonly at: Date };

async function draft(
  tx: TenantTransaction,
  { tenantId, walkDate }: OutreachWalk,
  { name, request, ...plan }: Planned,
  { standing, at }: Drafting,
): Promise<PlanNoted> {
  const decision = decideDraft({ ...plan, name, request }, standing);
  const writing = { tenantId, wish: { name, request }, by: walkAuthor(walkDate), at };
  const noted = { planId: plan.planId, position: plan.position, channel: plan.channel, messages: plan.messages };
  switch (decision.kind) {
    case 'draft':
      return { ...noted, outcome: 'drafted', campaignId: idOf(await createCampaign(tx, writing)) };
    case 'renew': {
      const { campaignKey } = decision.campaign;
      return { ...noted, outcome: 'renewed', campaignId: idOf(await editDraft(tx, { ...writing, campaignKey })) };
    }
    case 'open':
    case 'running':
    case 'rested':
      return { ...noted, outcome: decision.kind, campaignId: decision.campaign.campaignId };
  }
}

/** Plans are made of what the tenant has; only a walk that has come between could make them wrong. */
function idOf(written: WrittenCampaign): number {
  if (written.kind === 'written') return written.campaign.id;
  throw new DomainError('conflict', written.faults.map(({ field, message }) => `${field}: ${message}`).join('; '));
}

async function withdraw(tx: TenantTransaction, { tenantId }: OutreachWalk, drafts: readonly Standing[], at: Date): Promise<PlanNoted[]> {
  for (const { campaignKey } of drafts) await changeStatus(tx, await requireCampaign(tx, tenantId, campaignKey), 'cancel', at);
  return drafts.map(({ campaignId, campaignKey, channel }, position) => ({
    planId: `withdrawn/${campaignKey}`,
    position,
    channel,
    campaignId,
    outcome: 'withdrawn',
    messages: 0,
  }));
}

function countsOf(rows: readonly { readonly outcome: PlanOutcome }[]): DraftsWritten {
  const counts = { drafted: 0, renewed: 0, open: 0, running: 0, rested: 0, withdrawn: 0 };
  for (const { outcome } of rows) counts[outcome] += 1;
  return counts;
}
