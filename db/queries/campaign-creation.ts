import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { CampaignRequest, PlanFault } from '../../core/journey/campaign-request.js';
import { makePlan } from '../../core/journey/make-plan.js';
import type { Plan } from '../../core/journey/plan.js';
import type { TenantTransaction } from '../client.js';
import type { Goal } from '../tables/tenants.js';
import { editCampaign, holdCampaign, insertCampaign, readPlan, requireCampaign, type CampaignPlan, type CampaignRow } from './campaigns.js';
import { resolveOffers } from './offers.js';
import { segmentCalled } from './segment-names.js';
import { testFaults } from './test-slots.js';
import { readTenant, type Tenant } from './tenants.js';

export type CampaignWish = { readonly name?: string | undefined; readonly request: CampaignRequest };
export type WrittenCampaign =
  { readonly kind: 'written'; readonly campaign: CampaignRow } | { readonly kind: 'refused'; readonly faults: readonly PlanFault[] };

type Writing = { readonly tenantId: TenantId; readonly wish: CampaignWish; readonly by: string; readonly at: Date };

/** Writes a campaign as a draft, or says all that is wrong with it. Throws `conflict` where its id is taken. */
export async function createCampaign(tx: TenantTransaction, { tenantId, wish, by, at }: Writing): Promise<WrittenCampaign> {
  const made = await readWish(tx, tenantId, wish, null);
  if (made.kind === 'refused') return made;
  const { kind: _, ...content } = made;
  return { kind: 'written', campaign: await insertCampaign(tx, { tenantId, ...content, by, at }) };
}

type Editing = Writing & { readonly campaignKey: string };

/**
 * Gives a draft the next version of its plan, or says all that is wrong with that one. The same again changes nothing. Throws
 * `not_found`, and `conflict` where the campaign was launched.
 */
export async function editDraft(tx: TenantTransaction, { campaignKey, ...writing }: Editing): Promise<WrittenCampaign> {
  const { held, earlier } = await openDraft(tx, { campaignKey, ...writing });
  const made = await readWish(tx, writing.tenantId, writing.wish, earlier);
  if (made.kind === 'refused') return made;
  const { kind: _, ...content } = made;
  if (saysTheSame(held, content)) return { kind: 'written', campaign: held };
  return { kind: 'written', campaign: await editCampaign(tx, held, { ...content, by: writing.by, at: writing.at }) };
}

/** Makes a draft that somebody else has written the draft of whoever asks, as they want it: also where that is the same. Its steps keep their keys. */
export async function takeOverDraft(tx: TenantTransaction, { campaignKey, ...writing }: Editing): Promise<WrittenCampaign> {
  const { held, earlier } = await openDraft(tx, { campaignKey, ...writing });
  const { request } = writing.wish;
  const sequence = request.sequence.map((step, i) => {
    const before = earlier.steps[i];
    return before?.channel === step.channel ? { ...step, step_key: before.key } : step;
  });
  const made = await readWish(tx, writing.tenantId, { ...writing.wish, request: { ...request, sequence } }, earlier);
  if (made.kind === 'refused') return made;
  const { kind: _, ...content } = made;
  return { kind: 'written', campaign: await editCampaign(tx, held, { ...content, by: writing.by, at: writing.at }) };
}

async function openDraft(tx: TenantTransaction, { tenantId, campaignKey }: Editing) {
  const held = await holdCampaign(tx, await requireCampaign(tx, tenantId, campaignKey));
  if (held.status !== 'draft') throw new DomainError('conflict', `only a draft can be changed, and this campaign is ${held.status}`);
  const { plan: earlier } = await readPlan(tx, held);
  return { held, earlier };
}

type Content = CampaignPlan & {
  readonly name: string;
  readonly segmentId: number | null;
  readonly request: CampaignRequest;
  readonly goal: Goal | null;
};
type ReadWish = ({ readonly kind: 'made' } & Content) | { readonly kind: 'refused'; readonly faults: readonly PlanFault[] };

/** What a wish means for this tenant: its segment and goal are looked up, and everything that is wrong is told at once. */
async function readWish(tx: TenantTransaction, tenantId: TenantId, wish: CampaignWish, earlier: Plan | null): Promise<ReadWish> {
  const tenant = await readTenant(tx, tenantId);
  if (!tenant) throw new DomainError('not_found', `there is no tenant ${tenantId}`);
  const { request } = wish;
  const made = makePlan(request, earlier);
  const segment = request.segment === undefined ? undefined : await segmentCalled(tx, tenantId, request.segment);
  const goal = goalCalled(tenant, request.goal);
  const offers = await resolveOffers(tx, tenantId, request);
  const faults = [
    ...(segment?.kind === 'refused' ? [{ field: 'segment', message: segment.because }] : []),
    ...goal.faults,
    ...(made.status === 'refused' ? made.faults : []),
    ...offers.faults,
    ...(await testFaults(tx, tenantId, request)),
  ];
  if (faults.length > 0 || made.status === 'refused') return { kind: 'refused', faults };
  const { plan } = made;
  const contents = offers.complete(made.contents);
  const found = segment?.kind === 'found' ? segment.segment : null; // none where an event lets anybody enter
  const name = (wish.name ?? nameFor(found?.segmentName ?? eventOf(plan), request.goal)).slice(0, LONGEST_NAME);
  return { kind: 'made', name, segmentId: found?.id ?? null, request, goal: goal.found, plan, contents };
}

function goalCalled({ goals }: Tenant, called: string | undefined): { readonly found: Goal | null; readonly faults: readonly PlanFault[] } {
  if (called === undefined) return { found: null, faults: [] };
  const found = Object.hasOwn(goals, called) ? goals[called] : undefined;
  if (found) return { found, faults: [] };
  const known = Object.keys(goals);
  const message = `the tenant has no such goal; it has ${known.length > 0 ? known.join(', ') : 'none'}`;
  return { found: null, faults: [{ field: 'goal', message }] };
}

const LONGEST_NAME = 500;
const eventOf = ({ entry }: Plan): string => (entry.kind === 'event' ? entry.event : '');
const nameFor = (whom: string, goal: string | undefined): string => (goal === undefined ? whom : `${whom}: ${goal.replaceAll('_', ' ')}`);

const saysTheSame = (row: CampaignRow, { name, segmentId, request, goal }: Content): boolean =>
  row.campaignName === name &&
  row.segmentId === segmentId &&
  isDeepStrictEqual([withoutId(row.request), row.goal], [withoutId(request), goal]);

const withoutId = (request: CampaignRequest) => ({ ...request, campaign_id: undefined });
