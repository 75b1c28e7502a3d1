import { z } from 'zod';
import { campaignStatuses } from '../../core/campaign/lifecycle.js';
import { entryInWords, exitsInWords } from '../../core/campaign/plan-words.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { segmentsOf } from '../../db/queries/audience.js';
import { countJourneys, countMessages } from '../../db/queries/campaign-counts.js';
import { countEntrants, countEntries } from '../../db/queries/campaign-entries.js';
import { occurrenceAfter } from '../../db/queries/campaign-occurrences.js';
import { readPreflight } from '../../db/queries/campaign-preflight.js';
import { listCampaigns, readPlan, requireCampaign } from '../../db/queries/campaigns.js';
import { applyChange, type CampaignDependencies } from '../campaign-changes.js';
import { Campaign, campaignOf, CampaignParams, campaignUrl, StepShown, stepsShown } from '../campaign-fields.js';
import { PreflightShown, preflightShown } from '../campaign-preflight-fields.js';
import { Counted, countedOf, Entering, entryOf, reachedOf } from '../campaign-story-fields.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { page, PageQuery } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { createDraftRoutes } from './campaign-drafts.js';
import { createJourneyRoutes, numberAt } from './campaign-journeys.js';

const WholeCampaign = Campaign.extend({
  sequence: z.array(StepShown),
  leaving: z.array(z.string()).describe('Who leaves early, in words.'),
  entering: Entering,
  counted: Counted,
  preflight_url: z.string(),
  journeys_url: z.string(),
});

export function createCampaignRoutes(dependencies: CampaignDependencies): readonly Route[] {
  const { database, sending, now } = dependencies;
  return [
    ...createDraftRoutes(dependencies),
    defineRoute({
      method: 'get',
      path: '/v1/campaigns',
      tag: 'Campaigns',
      summary: 'List campaigns, the latest first',
      scope: 'read',
      query: PageQuery.extend({ status: z.enum(campaignStatuses).optional() }),
      responses: { 200: page(Campaign).describe('A page of campaigns.') },
    }).handledBy(async ({ tenantId, query: { limit, cursor, status } }) => {
      const before = cursor === undefined ? undefined : decodeCursor('campaigns', cursor, numberAt);
      return database.withTenant(tenantId, async (tx) => {
        const rows = await listCampaigns(tx, tenantId, { status, before, limit: limit + 1 });
        const { items, next_cursor } = cutPage('campaigns', rows, limit, ({ id }) => String(id));
        const segments = await segmentsOf(tx, tenantId, items);
        return { status: 200, body: { items: items.map((row) => campaignOf(row, segments)), next_cursor } };
      });
    }),
    defineRoute({
      method: 'get',
      path: '/v1/campaigns/{campaign_id}',
      tag: 'Campaigns',
      summary: 'Show a campaign: its plan in words, and what became of its messages and journeys',
      scope: 'read',
      params: CampaignParams,
      responses: { 200: WholeCampaign.describe('The campaign.') },
    }).handledBy(async ({ tenantId, params }) => ({
      status: 200,
      body: await wholeCampaign({ database, tenantId, campaignKey: params.campaign_id, at: now() }),
    })),
    defineRoute({
      method: 'get',
      path: '/v1/campaigns/{campaign_id}/preflight',
      tag: 'Campaigns',
      summary: 'See what a launch at this moment would meet',
      description: 'How many can be reached, why others cannot, when the first messages would go, and what stands in the way of a launch.',
      scope: 'read',
      params: CampaignParams,
      responses: { 200: PreflightShown.describe('The preflight.') },
    }).handledBy(({ tenantId, params }) =>
      database.withTenant(tenantId, async (tx) => {
        const row = await requireCampaign(tx, tenantId, params.campaign_id);
        return { status: 200, body: preflightShown(row, await readPreflight(tx, row, { readiness: sending, at: now() })) };
      }),
    ),
    ...changeRoutes(dependencies),
    ...createJourneyRoutes(dependencies),
  ];
}

type Looking = { readonly database: Database; readonly tenantId: TenantId; readonly campaignKey: string; readonly at: Date };

function wholeCampaign({ database, tenantId, campaignKey, at }: Looking): Promise<z.input<typeof WholeCampaign>> {
  return database.withTenant(tenantId, async (tx) => {
    const row = await requireCampaign(tx, tenantId, campaignKey);
    const { plan } = await readPlan(tx, row);
    const messages = await countMessages(tx, row);
    return {
      ...campaignOf(row, await segmentsOf(tx, tenantId, [row])),
      counts: reachedOf(messages),
      sequence: stepsShown(row, plan),
      leaving: exitsInWords(plan),
      entering: {
        in_words: entryInWords(plan),
        waiting: await countEntrants(tx, row),
        next_at: (await occurrenceAfter(tx, row, at))?.at ?? null,
        latest: (await countEntries(tx, row)).map(entryOf),
      },
      counted: countedOf(messages, await countJourneys(tx, row)),
      preflight_url: `${campaignUrl(campaignKey)}/preflight`,
      journeys_url: `${campaignUrl(campaignKey)}/journeys`,
    };
  });
}

const CHANGES = {
  launch: 'Launch a campaign: its audience is frozen, and the first messages go',
  pause: 'Pause a campaign: nothing is sent, reactions are noted',
  resume: 'Resume a paused campaign',
  cancel: 'Cancel a campaign for good',
} as const;

function changeRoutes(dependencies: CampaignDependencies): readonly Route[] {
  return (['launch', 'pause', 'resume', 'cancel'] as const).map((change) =>
    defineRoute({
      method: 'post',
      path: `/v1/campaigns/{campaign_id}/${change}`,
      tag: 'Campaigns',
      summary: CHANGES[change],
      scope: 'campaigns:write',
      startsSomething: true,
      params: CampaignParams,
      responses: { 200: Campaign.describe('The campaign as it is now; what was so before has not changed.') },
    }).handledBy(async ({ tenantId, keyId, params, requestId }) => {
      const { campaign } = await applyChange(dependencies, { tenantId, campaignId: params.campaign_id, change, by: keyId, requestId });
      const segments = await dependencies.database.withTenant(tenantId, (tx) => segmentsOf(tx, tenantId, [campaign]));
      return { status: 200, body: campaignOf(campaign, segments) };
    }),
  );
}
