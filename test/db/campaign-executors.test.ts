import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import type { RecommendedAction } from '../../core/suggestion/payload.js';
import { campaignFromAction } from '../../core/campaign/from-action.js';
import { createCampaign, editDraft } from '../../db/queries/campaign-creation.js';
import { createExecutors } from '../../db/queries/executors.js';
import { readPreflight } from '../../db/queries/campaign-preflight.js';
import { listCampaigns, readPlan, type CampaignRow } from '../../db/queries/campaigns.js';
import { standingCampaigns } from '../../db/queries/outreach-plans.js';
import { respondToSuggestion } from '../../db/queries/suggestion-responses.js';
import { addSegment, EVERYTHING_READY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const AT = new Date('2026-03-22T12:00:00Z');
const executors = createExecutors(() => AT);

const series = {
  action_type: 'create_campaign',
  channel: 'email',
  campaign_name: 'Rising Stars - Product Deep Dive',
  template: 'educational_series',
  sequence_length: 5,
  expected_conversion_rate: 0.4,
} as const satisfies RecommendedAction;
const checkIn = {
  action_type: 'create_campaign',
  channel: 'in_app',
  campaign_name: 'Personal Success Coach Check-in',
  template: 'conversational_nurture',
  frequency: 'weekly',
} as const satisfies RecommendedAction;

/** A walk's suggestion about a segment of three people. */
async function suggest(recommended: readonly RecommendedAction[], about?: (segment: string) => object) {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, ['ann', 'bob', 'cat']);
  await database.admin.query(
    `insert into walks (tenant_id, walk_date, as_of, status, requested_by) values ($1, '2026-03-22', $2, 'succeeded', 'test')`,
    [tenantId, AT],
  );
  const payload = { recommended_actions: recommended, ...(about ? about(segment) : { segment: { segment_id: segment } }) };
  const suggestionId = 'sg_aud_1';
  await database.admin.query(
    `insert into suggestions (tenant_id, suggestion_id, walk_date, type, priority, payload)
     values ($1, $2, '2026-03-22', 'segment_opportunity', 'high', $3)`,
    [tenantId, suggestionId, JSON.stringify(payload)],
  );
  const execute = () => respondToSuggestion(database, executors, { tenantId, suggestionId, action: 'execute', channel: 'in_app' });
  return { tenantId, segment, suggestionId, execute };
}

const campaignsOf = (tenantId: TenantId): Promise<CampaignRow[]> =>
  database.withTenant(tenantId, (tx) => listCampaigns(tx, tenantId, { before: undefined, limit: 100 }));

describe('the executor of create_campaign', () => {
  it('makes a draft that can be launched, once, and says what it could not do', async () => {
    const { tenantId, segment, suggestionId, execute } = await suggest([series, checkIn]);
    const { outcome, suggestion } = await execute();
    const [campaign, ...others] = await campaignsOf(tenantId);
    assert.ok(campaign && others.length === 0);
    assert.equal(suggestion.status, 'accepted');
    assert.deepEqual(outcome, {
      kind: 'executed',
      actions: [
        {
          kind: 'started',
          action_type: 'create_campaign',
          reference: campaign.campaignKey,
          note: 'a draft of 5 emails on days 0, 3, 7, 12 and 18; nothing is sent before it is launched',
        },
        {
          kind: 'not_available',
          action_type: 'create_campaign',
          reason: 'in-app steps need words of their own, and an action brings none: write it as a campaign',
        },
      ],
    });
    assert.deepEqual([campaign.status, campaign.campaignName, campaign.createdBy], ['draft', series.campaign_name, suggestionId]);
    assert.deepEqual([campaign.request.segment, campaign.request.goal, campaign.goal?.event], [segment, 'convert_to_paid', 'purchase']);
    const { preflight, plan } = await database.withTenant(tenantId, async (tx) => ({
      preflight: await readPreflight(tx, campaign, { readiness: EVERYTHING_READY, at: AT }),
      plan: await readPlan(tx, campaign),
    }));
    assert.deepEqual([preflight.recipients, preflight.reach[0]?.reachable, preflight.blockers], [3, 3, []]);
    assert.equal(plan.plan.exits.goal, true);
    const again = await execute();
    assert.deepEqual([again.outcome, again.isRepetition], [outcome, true]);
    assert.equal((await campaignsOf(tenantId)).length, 1);
  });

  it('makes an offer with a code for everybody where one is recommended', async () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 } as const;
    const { tenantId, suggestionId, execute } = await suggest([{ ...series, template: 'win_back', sequence_length: 2, offer }]);
    const { outcome } = await execute();
    assert.ok(outcome.kind === 'executed' && outcome.actions[0]?.kind === 'started');
    const offerKey = `off_${suggestionId}_0`;
    assert.match(
      outcome.actions[0].note ?? '',
      new RegExp(`each person gets a code of the offer ${offerKey}, which has 3: the shop has to know them`),
    );
    const [campaign] = await campaignsOf(tenantId);
    assert.ok(campaign);
    const { codes, blockers, warnings } = await database.withTenant(tenantId, (tx) =>
      readPreflight(tx, campaign, { readiness: EVERYTHING_READY, at: AT }),
    );
    assert.deepEqual([codes, blockers, warnings], [[{ offerKey, free: 3, people: 3 }], [], []]);
    const none = await suggest([{ ...series, template: 'win_back', offer }], () => ({ segment: { segment_id: 'seg_gone' } }));
    assert.equal((await none.execute()).outcome.kind, 'not_executed');
    const left = await database.admin.query('select from offers where tenant_id = $1', [none.tenantId]);
    assert.equal(left.rowCount, 0, 'an offer stays without its campaign');
  });

  it('leaves the suggestion open where nothing could be made, and says why', async () => {
    const { tenantId, execute } = await suggest([checkIn]);
    const { outcome, suggestion } = await execute();
    assert.equal(suggestion.status, 'pending');
    assert.ok(outcome.kind === 'not_executed' && outcome.actions[0]?.kind === 'not_available');
    assert.match(outcome.actions[0].reason, /^in-app steps need words of their own/);
    assert.deepEqual(await campaignsOf(tenantId), []);
  });

  it('refuses a suggestion about no segment, and about one that no longer holds', async () => {
    for (const [about, reason] of [
      [() => ({}), /about no segment/],
      [() => ({ segment: { segment_id: 'seg_gone' } }), /^segment: there is no such segment; there are seg_/],
    ] as const) {
      const { tenantId, execute } = await suggest([series], about);
      const { outcome, suggestion } = await execute();
      assert.equal(suggestion.status, 'pending');
      assert.ok(outcome.kind === 'not_executed' && outcome.actions[0]?.kind === 'failed');
      assert.match(outcome.actions[0].reason, reason);
      assert.deepEqual(await campaignsOf(tenantId), []);
    }
  });

  it('makes do without a goal where the tenant has none of that name', async () => {
    const { tenantId, execute } = await suggest([{ ...series, template: 'win_back', sequence_length: 2 }]);
    await database.admin.query(
      `update tenants set goals = '{"signed_up": {"event": "signup", "filters": {}, "windowDays": 7}}' where tenant_id = $1`,
      [tenantId],
    );
    assert.equal((await execute()).outcome.kind, 'executed');
    const [campaign] = await campaignsOf(tenantId);
    assert.deepEqual([campaign?.request.goal, campaign?.goal], [undefined, null]);
    assert.equal(campaign?.request.sequence[1]?.trigger, 'not_engaged');
  });

  it('takes over the draft that a walk has made of the same, instead of a second one', async () => {
    const { tenantId, segment, suggestionId, execute } = await suggest([series]);
    const draft = campaignFromAction(series, { segmentId: segment, goal: 'convert_to_paid' });
    assert.ok(draft.kind === 'draft');
    const { name, request } = draft;
    const at = new Date(AT.getTime() - 60_000);
    const drafted = await database.withTenant(tenantId, (tx) =>
      createCampaign(tx, { tenantId, wish: { name, request }, by: 'walk/2026-03-22', at }),
    );
    assert.ok(drafted.kind === 'written');
    const { outcome } = await execute();
    const [campaign, ...others] = await campaignsOf(tenantId);
    assert.ok(campaign && others.length === 0);
    assert.ok(outcome.kind === 'executed');
    const [action] = outcome.actions;
    assert.ok(action?.kind === 'started' && action.reference === drafted.campaign.campaignKey);
    assert.match(action.note ?? '', /; a walk had drafted it \(walk\/2026-03-22\)$/);
    const standing = await database.withTenant(tenantId, (tx) => standingCampaigns(tx, tenantId, { channels: ['email'], asOf: AT }));
    assert.deepEqual(
      standing.map(({ campaignKey, writtenBy, status }) => [campaignKey, writtenBy, status]),
      [[campaign.campaignKey, suggestionId, 'draft']],
    );
    const { plan } = await database.withTenant(tenantId, (tx) => readPlan(tx, campaign));
    assert.deepEqual([plan.version, plan.steps.map(({ key }) => key)], [2, [1, 2, 3, 4, 5]]);
  });

  it('leaves a draft of a walk alone that a person has changed', async () => {
    const { tenantId, segment, execute } = await suggest([series]);
    const draft = campaignFromAction(series, { segmentId: segment, goal: 'convert_to_paid' });
    assert.ok(draft.kind === 'draft');
    const { name, request } = draft;
    const writing = { tenantId, wish: { name, request }, by: 'walk/2026-03-22', at: AT };
    await database.withTenant(tenantId, async (tx) => {
      const drafted = await createCampaign(tx, writing);
      assert.ok(drafted.kind === 'written');
      const changed = { ...writing, by: 'key_1', wish: { name: 'Mine', request }, campaignKey: drafted.campaign.campaignKey };
      assert.equal((await editDraft(tx, changed)).kind, 'written');
    });
    await execute();
    assert.equal((await campaignsOf(tenantId)).length, 2);
  });
});
