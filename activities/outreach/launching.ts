import { parseTenantId } from '../../core/ids.js';
import { localDateAt } from '../../core/local-date.js';
import { isWalkAuthor } from '../../core/outreach/drafting.js';
import { needsPerson } from '../../core/outreach/launching.js';
import { needsOf } from '../../core/outreach/weeks.js';
import type { TenantTransaction } from '../../db/client.js';
import { readPreflight } from '../../db/queries/campaign-preflight.js';
import { changeStatus, holdCampaign, type CampaignRow } from '../../db/queries/campaigns.js';
import { readLaunchBudgets, reserveLaunch } from '../../db/queries/launch-budgets.js';
import {
  authorOfPlan,
  campaignOfPlan,
  isOvertaken,
  noteLaunch,
  plansOfWalk,
  type OutreachPlanRow,
} from '../../db/queries/outreach-plans.js';
import { freezeCampaign } from '../campaigns/audience.js';
import { openOutreach, type OutreachDependencies, type OutreachInput, type OutreachWalk } from './walk.js';

export type Launched = { readonly launched: number; readonly waiting: number };

/** What the tenant lets launch by itself, as far as its budgets go. Only the walk of the very day launches anything. */
export async function launchPlans(dependencies: OutreachDependencies, input: OutreachInput): Promise<Launched> {
  const { database, startCampaign, now } = dependencies;
  const tenantId = parseTenantId(input.tenantId);
  const { walk, plans } = await database.withTenant(tenantId, async (tx) => {
    const walk = await openOutreach(tx, input);
    const isOfToday = walk.walkDate === localDateAt(now(), walk.tenant.timeZone) && !(await isOvertaken(tx, tenantId, walk.walkDate));
    const plans = isOfToday ? await plansOfWalk(tx, tenantId, walk.walkDate) : [];
    return { walk, plans };
  });
  const counts = { launched: 0, waiting: 0 };
  for (const plan of plans) {
    const outcome = await launchPlan(dependencies, { walk, plan });
    if (outcome.kind === 'launched') {
      counts.launched += 1;
      await startCampaign({ tenantId, campaignId: outcome.campaignKey });
    }
    if (outcome.kind === 'waits') counts.waiting += 1;
  }
  return counts;
}

type Launching = { readonly walk: OutreachWalk; readonly plan: OutreachPlanRow };

type LaunchOutcome =
  /** Also where an earlier try has launched it. */
  | { readonly kind: 'launched'; readonly campaignKey: string }
  | { readonly kind: 'waits' }
  /** It is no draft of a walk, or nothing launches by itself on its channel. */
  | { readonly kind: 'left' };

/** The launch and what it takes of the budget are one transaction; it is undone as a whole where there is no room. */
async function launchPlan({ database, sending, now }: OutreachDependencies, { walk, plan }: Launching): Promise<LaunchOutcome> {
  const { tenantId } = walk;
  try {
    return await database.withTenant(tenantId, async (tx) => {
      const campaign = await holdCampaign(tx, await campaignOfPlan(tx, plan));
      if (plan.launchedAt !== null) return { kind: 'launched', campaignKey: campaign.campaignKey };
      const budget = (await readLaunchBudgets(tx, tenantId))[plan.channel];
      const isOwn = campaign.status === 'draft' && isWalkAuthor((await authorOfPlan(tx, campaign)) ?? '');
      if (budget === undefined || !isOwn) {
        await noteLaunch(tx, plan, { waitsBecause: null });
        return { kind: 'left' };
      }
      const at = now();
      await launch(tx, campaign, { walk, channel: plan.channel, budget, readiness: sending, at });
      await noteLaunch(tx, plan, { launchedAt: at });
      return { kind: 'launched', campaignKey: campaign.campaignKey };
    });
  } catch (error) {
    if (!(error instanceof Waits)) throw error;
    await database.withTenant(tenantId, (tx) => noteLaunch(tx, plan, { waitsBecause: error.message }));
    return { kind: 'waits' };
  }
}

/** Undoes a launch that began: the message says what it waits for. */
class Waits extends Error {
  override name = 'Waits';
}

type Allowed = {
  readonly walk: OutreachWalk;
  readonly channel: OutreachPlanRow['channel'];
  readonly budget: number;
  readonly readiness: OutreachDependencies['sending'];
  readonly at: Date;
};

async function launch(tx: TenantTransaction, campaign: CampaignRow, { walk, channel, budget, readiness, at }: Allowed): Promise<void> {
  const because = needsPerson(campaign.request);
  if (because !== undefined) throw new Waits(because);
  const { blockers, recipients, plan } = await readPreflight(tx, campaign, { readiness, at });
  if (blockers.length > 0) throw new Waits(blockers.join('; '));
  const date = walk.walkDate;
  const stepDays = plan.steps.map(({ day }) => day);
  const needs = needsOf(stepDays, recipients, date);
  const { tenantId } = walk;
  const verdict = await reserveLaunch(tx, { tenantId, campaignId: campaign.id, channel, needs, budget, date });
  if (verdict.kind === 'waits') throw new Waits(verdict.because);
  const { campaign: launched } = await changeStatus(tx, campaign, 'launch', at);
  const frozen = await freezeCampaign(tx, launched);
  if ((frozen.recipients ?? 0) > recipients) throw new Waits('its segment has grown while it was launched');
}
