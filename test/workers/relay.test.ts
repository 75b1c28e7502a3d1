import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { defaultPayloadConverter } from '@temporalio/common';
import type { TenantId } from '../../core/ids.js';
import { openDatabase, type Database } from '../../db/client.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startRelay, type Relay } from '../../workers/relay.js';
import { journeyBatchWorkflowId, type RecordEngagements } from '../../workflows/journey-batch/contract.js';
import { addCampaign, addReachableUsers } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { untilAllTold } from '../harness/sending.js';
import { connectTestTemporal, type TestTemporal } from '../harness/temporal.js';

// No worker runs here: what a relay signals stands in the histories, whoever reads it.
let database: TestDatabase;
let temporal: TestTemporal;
const relays = new Map<Relay, Database>();
before(async () => {
  database = await createTestDatabase();
  temporal = await connectTestTemporal(`test-relay-${randomUUID().slice(0, 8)}`);
});
afterEach(async () => {
  for (const relay of relays.keys()) await stop(relay);
});
after(async () => {
  await temporal.close();
  await database.drop();
});

/** A relay with sessions of its own, as another process has. */
async function relay(errors: unknown[] = []): Promise<Relay> {
  const own = openDatabase(database.url, { applicationName: 'relay', onIdleError: () => undefined });
  const started = await startRelay(own, temporal.client, { onError: (error) => errors.push(error) });
  relays.set(started, own);
  return started;
}

async function stop(one: Relay): Promise<void> {
  const own = relays.get(one);
  relays.delete(one);
  await one.close();
  await own?.close();
}

type Audience = { readonly tenantId: TenantId; readonly campaignId: number; readonly key: string };

async function audience(batches: number): Promise<Audience> {
  const tenantId = await database.newTenant();
  await addReachableUsers(database, tenantId, batches * 500);
  const { campaignId } = await addCampaign(database, tenantId, batches * 500);
  await database.admin.query(
    `insert into campaign_batches (tenant_id, campaign_id, batch, members) select $1, $2, b, 500 from generate_series(0, $3::int - 1) b`,
    [tenantId, campaignId, batches],
  );
  const { rows } = await database.admin.query<{ campaign_key: string }>('select campaign_key from outreach_campaigns where id = $1', [
    campaignId,
  ]);
  return { tenantId, campaignId, key: rows[0]?.campaign_key ?? '' };
}

/** Everybody in some batches opens step 1. */
const open = ({ tenantId, campaignId }: Audience, batches: readonly number[], idxs = 500) =>
  database.admin.query(
    `insert into engagement_outbox (tenant_id, campaign_id, batch, idx, step_key, what)
     select $1, $2, b, i, 1, 'opened' from unnest($3::int[]) b, generate_series(0, $4::int - 1) i`,
    [tenantId, campaignId, batches, idxs],
  );

async function signalsOf({ tenantId, key }: Audience, batch: number): Promise<RecordEngagements[]> {
  const { events } = await temporal.client.workflow.getHandle(journeyBatchWorkflowId(tenantId, key, batch)).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    const payload = signal?.input?.payloads?.[0];
    return payload ? [defaultPayloadConverter.fromPayload<RecordEngagements>(payload)] : [];
  });
}

const told = (signals: readonly RecordEngagements[]): number[] => signals.flatMap(({ engagements }) => engagements.map(([idx]) => idx));
const everybody = Array.from({ length: 500 }, (_, idx) => idx);

describe('the relay', () => {
  it('tells every batch what waits for it, in few signals, and leaves nothing behind', async () => {
    const campaign = await audience(3);
    await open(campaign, [0, 1, 2]);
    await relay();
    await untilAllTold(database);
    for (const batch of [0, 1, 2]) {
      const signals = await signalsOf(campaign, batch);
      assert.deepEqual(told(signals).sort((a, b) => a - b), everybody); // prettier-ignore
      assert.equal(signals.length, 3);
    }
  });

  it('hears of news at once', async () => {
    const campaign = await audience(1);
    await relay();
    await open(campaign, [0], 1);
    await untilAllTold(database);
    assert.deepEqual((await signalsOf(campaign, 0))[0]?.engagements, [[0, 1, 2]]);
  });

  it('makes one of several reactions of one person to one message', async () => {
    const campaign = await audience(1);
    for (const what of ['delivered', 'opened', 'opened', 'clicked']) {
      await database.admin.query(
        `insert into engagement_outbox (tenant_id, campaign_id, batch, idx, step_key, what) values ($1, $2, 0, 7, 2, $3)`,
        [campaign.tenantId, campaign.campaignId, what],
      );
    }
    await database.admin.query(
      `insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what) values ($1, $2, 0, 7, 'unsubscribed')`,
      [campaign.tenantId, campaign.campaignId],
    );
    await relay();
    await untilAllTold(database);
    assert.deepEqual((await signalsOf(campaign, 0))[0]?.engagements, [[7, 2, 7], [7, 'unsubscribed']]); // prettier-ignore
  });

  it('divides the batches with others, and takes up what one of them has left behind', async () => {
    const campaign = await audience(4);
    const first = await relay();
    const second = await relay();
    await open(campaign, [0, 1], 100);
    await untilAllTold(database);
    await stop(first);
    await open(campaign, [2, 3], 100);
    await untilAllTold(database);
    await stop(second);
    for (const batch of [0, 1, 2, 3]) assert.equal(told(await signalsOf(campaign, batch)).length, 100);
  });

  it('goes on when its session is lost while nobody asks anything of it', async () => {
    const campaign = await audience(1);
    const errors: unknown[] = [];
    await relay(errors);
    await waitUntil(async () => {
      const { rows } = await database.admin.query(
        `select from pg_stat_activity
         where application_name = 'relay' and datname = current_database() and state = 'idle' and query like '%pg_try_advisory_lock%'`,
      );
      return rows.length === 1;
    }, 10_000);
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay' and datname = current_database()`,
    );
    await open(campaign, [0], 50);
    await untilAllTold(database);
    assert.equal(new Set(told(await signalsOf(campaign, 0))).size, 50);
  });

  it('lets go of what a batch that is over need not hear', async () => {
    const campaign = await audience(1);
    await database.admin.query('update campaign_batches set done_at = now() where campaign_id = $1', [campaign.campaignId]);
    await open(campaign, [0], 10);
    await relay();
    await untilAllTold(database);
    await assert.rejects(signalsOf(campaign, 0), { message: /NOT_FOUND/ });
  });
});
