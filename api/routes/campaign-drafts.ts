import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../../db/client.js';
import { segmentsOf } from '../../db/queries/audience.js';
import { createCampaign, editDraft, type WrittenCampaign } from '../../db/queries/campaign-creation.js';
import { readPreflight } from '../../db/queries/campaign-preflight.js';
import type { CampaignDependencies } from '../campaign-changes.js';
import { Campaign, campaignOf, CampaignParams, campaignProblem, NewCampaign, StepShown, stepsShown, wishOf } from '../campaign-fields.js';
import { PreflightShown, preflightShown } from '../campaign-preflight-fields.js';
import { defineRoute, type Route } from '../route.js';

const Draft = Campaign.extend({ sequence: z.array(StepShown), preflight: PreflightShown });

/** Campaigns before their launch: written, and written again. */
export const createDraftRoutes = (dependencies: CampaignDependencies): readonly Route[] => [
  createRoute(dependencies),
  editRoute(dependencies),
];

function createRoute(dependencies: CampaignDependencies): Route {
  const { database, now } = dependencies;
  return defineRoute({
    method: 'post',
    path: '/v1/campaigns',
    tag: 'Campaigns',
    summary: 'Write a campaign as a draft',
    description: 'Nothing is sent before it is launched. The answer has its preflight; all that is wrong with it is told at once.',
    scope: 'campaigns:write',
    startsSomething: true,
    body: NewCampaign,
    responses: { 201: Draft.describe('The draft, with its preflight.') },
  }).handledBy(({ tenantId, keyId, body }) =>
    database.withTenant(tenantId, async (tx) => {
      const written = await createCampaign(tx, { tenantId, wish: wishOf(body), by: keyId, at: now() });
      const shown = await draftShown(tx, tenantId, written, dependencies);
      return { status: 201, body: shown, headers: { Location: shown.url } };
    }),
  );
}

function editRoute(dependencies: CampaignDependencies): Route {
  const { database, now } = dependencies;
  return defineRoute({
    method: 'put',
    path: '/v1/campaigns/{campaign_id}',
    tag: 'Campaigns',
    summary: 'Give a draft the next version of its plan',
    description: 'Steps keep the keys that they come with; one without a key is a new step. The same again changes nothing.',
    scope: 'campaigns:write',
    params: CampaignParams,
    body: NewCampaign,
    responses: { 200: Draft.describe('The draft, with its preflight.') },
  }).handledBy(({ tenantId, keyId, params: { campaign_id: campaignKey }, body }) => {
    if (body.campaign_id !== undefined && body.campaign_id !== campaignKey) {
      throw new DomainError('invalid', 'body campaign_id: another campaign than that of the path');
    }
    return database.withTenant(tenantId, async (tx) => {
      const written = await editDraft(tx, { tenantId, campaignKey, wish: wishOf(body), by: keyId, at: now() });
      return { status: 200, body: await draftShown(tx, tenantId, written, dependencies) };
    });
  });
}

async function draftShown(
  tx: TenantTransaction,
  tenantId: TenantId,
  written: WrittenCampaign,
  { sending, now }: CampaignDependencies,
): Promise<z.input<typeof Draft>> {
  if (written.kind === 'refused') throw campaignProblem(written.faults);
  const { campaign } = written;
  const preflight = await readPreflight(tx, campaign, { readiness: sending, at: now() });
  return {
    ...campaignOf(campaign, await segmentsOf(tx, tenantId, [campaign])),
    sequence: stepsShown(campaign, preflight.plan),
    preflight: preflightShown(campaign, preflight),
  };
}
