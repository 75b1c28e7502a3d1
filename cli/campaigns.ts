import { randomUUID } from 'node:crypto';
import { applyChange } from '../api/campaign-changes.js';
import { NewCampaign, wishOf } from '../api/campaign-fields.js';
import { readinessOf } from '../core/campaign/readiness.js';
import { connectWalker } from '../api/temporal.js';
import type { CampaignChange, CampaignStatus } from '../core/campaign/lifecycle.js';
import { DomainError } from '../core/errors.js';
import type { TenantId, UserId } from '../core/ids.js';
import type { Database, TenantTransaction } from '../db/client.js';
import { findUser } from '../db/queries/audience.js';
import { countJourneys, countMessages } from '../db/queries/campaign-counts.js';
import { createCampaign } from '../db/queries/campaign-creation.js';
import { countEntrants, countEntries } from '../db/queries/campaign-entries.js';
import { listStoriesOf } from '../db/queries/campaign-journeys.js';
import { occurrenceAfter } from '../db/queries/campaign-occurrences.js';
import { readPreflight, segmentNameOf } from '../db/queries/campaign-preflight.js';
import { findCampaign, listCampaigns, readPlan, type CampaignRow } from '../db/queries/campaigns.js';
import { campaignLines, listLines, planLines, preflightLines, storyLines } from './campaign-views.js';
import { requireTenant, withDatabase } from './database.js';

const BY = 'command line';
const print = (lines: readonly string[]): void => console.log(lines.join('\n'));

export function list(tenant: TenantId, status?: CampaignStatus): Promise<void> {
  return withDatabase('campaign', async (database) => {
    await requireTenant(database, tenant);
    const rows = await database.withTenant(tenant, (tx) => listCampaigns(tx, tenant, { status, before: undefined, limit: 200 }));
    if (rows.length > 0) return print(listLines(rows));
    console.log(
      status === undefined
        ? 'the tenant has no campaigns yet (`madansara campaign create FILE --tenant ID` writes one)'
        : `no campaign of the tenant is ${status === 'draft' ? 'a draft' : status}`,
    );
  });
}

export function create(tenant: TenantId, text: string): Promise<void> {
  const wish = wishOf(parseCampaign(text));
  return withDatabase('campaign', async (database, { sending }) => {
    await requireTenant(database, tenant);
    await database.withTenant(tenant, async (tx) => {
      const at = new Date();
      const written = await createCampaign(tx, { tenantId: tenant, wish, by: BY, at });
      if (written.kind === 'refused') throw refusal(written.faults.map(({ field, message }) => `${field}: ${message}`));
      const { campaign } = written;
      const preflight = await readPreflight(tx, campaign, { readiness: readinessOf(sending), at });
      print([`${campaign.campaignKey} is a draft.`, ...planLines(preflight.plan), '', ...preflightLines(preflight)]);
    });
  });
}

function parseCampaign(text: string): NewCampaign {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error('the file is not JSON', { cause });
  }
  const parsed = NewCampaign.safeParse(json);
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error.issues.slice(0, 20).map(({ path, message }) => `${path.join('.')}: ${message}`));
}

const refusal = (faults: readonly string[]): DomainError =>
  new DomainError('invalid', ['the campaign cannot be written:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));

export function show(tenant: TenantId, campaignId: string): Promise<void> {
  return withDatabase('campaign', async (database) => print(await campaignText(database, tenant, campaignId)));
}

/** A campaign with its plan, and what became of its messages and journeys. */
export const campaignText = (database: Database, tenant: TenantId, campaignId: string): Promise<string[]> =>
  database.withTenant(tenant, async (tx) => {
    const row = await requireCampaign(tx, tenant, campaignId);
    const { plan } = await readPlan(tx, row);
    const segmentName = await segmentNameOf(tx, row);
    const counts = { messages: await countMessages(tx, row), journeys: await countJourneys(tx, row), entries: await countEntries(tx, row) };
    const [waiting, next] = [await countEntrants(tx, row), await occurrenceAfter(tx, row, new Date())];
    return campaignLines(row, { plan, segmentName, ...counts, waiting, next });
  });

export function preflight(tenant: TenantId, campaignId: string): Promise<void> {
  return withDatabase('campaign', (database, { sending }) =>
    database.withTenant(tenant, async (tx) => {
      const row = await requireCampaign(tx, tenant, campaignId);
      print(preflightLines(await readPreflight(tx, row, { readiness: readinessOf(sending), at: new Date() })));
    }),
  );
}

export function change(tenant: TenantId, campaignId: string, what: CampaignChange): Promise<void> {
  return withDatabase('campaign', async (database, config) => {
    await database.withTenant(tenant, (tx) => requireCampaign(tx, tenant, campaignId));
    const campaigns = connectWalker(config.temporal);
    try {
      const dependencies = { database, campaigns, sending: readinessOf(config.sending), now: () => new Date() };
      const asked = { tenantId: tenant, campaignId, change: what, by: BY, requestId: randomUUID() };
      const { answer, campaign } = await applyChange(dependencies, asked);
      const { status } = campaign;
      console.log(answer.kind === 'unchanged' ? `${campaignId} was ${status} before; nothing changed` : `${campaignId} is ${status}`);
    } finally {
      await campaigns.close();
    }
  });
}

export function story(tenant: TenantId, userId: UserId): Promise<void> {
  return withDatabase('campaign', async (database: Database) => {
    await requireTenant(database, tenant);
    await database.withTenant(tenant, async (tx) => {
      const found = await findUser(tx, tenant, userId);
      if (!found) throw new DomainError('not_found', `the tenant has no user ${userId}`);
      const stories = await listStoriesOf(tx, tenant, found.user.userId);
      print(stories.length === 0 ? [`${userId} has entered no campaign`] : storyLines(stories));
    });
  });
}

async function requireCampaign(tx: TenantTransaction, tenant: TenantId, campaignId: string): Promise<CampaignRow> {
  const campaign = await findCampaign(tx, tenant, campaignId);
  if (campaign) return campaign;
  throw new DomainError(
    'not_found',
    `the tenant has no campaign ${campaignId} (\`madansara campaign list --tenant ${tenant}\` shows those it has)`,
  );
}
