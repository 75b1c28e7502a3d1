import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPopularity } from '../../activities/sending/recommending.js';
import { createEmailRenderer, type RendererDependencies } from '../../activities/sending/rendering.js';
import type { TenantId } from '../../core/ids.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { ADDRESS_KEY, addSegment, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, later } from '../harness/ledger.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const PEOPLE = ['ann', 'bob', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6'];
const DAY_MINUTES = 24 * 60;
const lamp = { product_id: 'lamp', name: 'Desk Lamp', url: 'https://shop.example/lamp', price: 49 };
const notes = { sku: 'notes', name: 'Field Notes', url: 'https://shop.example/notes' };
const rare = { product_id: 'rare', name: 'Rare Thing', url: 'https://shop.example/rare' };

let purchases = 0;
async function buy(tenantId: TenantId, who: readonly string[], properties: object, minutes = -2 * DAY_MINUTES) {
  const at = later(minutes);
  const sent = who.map((user) => [`buy-${(purchases += 1)}`, user, 'purchase', at.getTime(), properties, 1_000, 'USD']);
  await database.pool.query(`select ingest_events($1, array[date_trunc('month', $3::timestamptz)::date], '[]', $2, '[]', '[]')`, [
    tenantId,
    JSON.stringify(sent),
    at,
  ]);
}

/** The mails of a step that recommends, by who gets them. */
async function prepared(recommend?: RendererDependencies['recommend']) {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, PEOPLE);
  const key = await draftCampaign(database, tenantId, { segment, sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }] });
  const { id: campaignId } = await database.withTenant(tenantId, (tx) => requireCampaign(tx, tenantId, key));
  const render = createEmailRenderer({ database, ledgerKey: ADDRESS_KEY, publicUrl: 'https://m.example', ...(recommend && { recommend }) });
  const step = { tenantId, campaignId, stepKey: 1, channel: 'email', batch: 0, members: [0] } as const;
  /** What each of these is recommended, in its order. */
  const recommended = async (users: readonly string[], at = AT) => {
    const { mails } = await render(
      step,
      users.map((userId) => ({ userId, address: `${userId}@example.test`, token: 'token' })),
      at,
    );
    return mails.map((mail) => {
      assert.ok('html' in mail, JSON.stringify(mail));
      return [...mail.html.matchAll(/<a href="https:\/\/shop\.example\/\w+">([^<]*)<\/a>/g)].map(([, name]) => name);
    });
  };
  return { tenantId, recommended };
}

describe('what a mail recommends', () => {
  it('is what most people bought lately, without what the person did', async () => {
    const { tenantId, recommended } = await prepared();
    await buy(tenantId, ['p1', 'p2', 'p3', 'p4', 'p5'], { products: [lamp, notes] });
    await buy(tenantId, ['p6'], { products: [notes, rare] });
    await buy(tenantId, ['bob'], notes, -30); // since midnight, and told as a product by itself
    assert.deepEqual(await recommended(['ann', 'bob', 'p1', 'p6']), [['Field Notes', 'Desk Lamp'], ['Desk Lamp'], [], ['Desk Lamp']]);
  });

  it('is nothing where nothing is known, few bought it, or it was long ago', async () => {
    const { tenantId, recommended } = await prepared();
    await buy(tenantId, ['p1', 'p2', 'p3', 'p4'], { products: [lamp] });
    await buy(tenantId, ['p1', 'p2', 'p3', 'p4', 'p5'], { products: [notes] }, -32 * DAY_MINUTES);
    await buy(tenantId, PEOPLE, { products: [7, null, { name: 'Nameless' }, 'x'] });
    await buy(tenantId, PEOPLE, { products: 'none', product_id: 5 });
    assert.deepEqual(await recommended(['ann']), [[]]);
  });

  it('is read once for each day of the tenant', async () => {
    const { tenantId, recommended } = await prepared();
    assert.deepEqual(await recommended(['ann']), [[]]);
    await buy(tenantId, PEOPLE.slice(2), { products: [lamp] });
    assert.deepEqual(await recommended(['ann'], later(60)), [[]]);
    assert.deepEqual(await recommended(['ann'], later(DAY_MINUTES)), [['Desk Lamp']]);
  });

  it("is another tenant's own", async () => {
    const recommend = createPopularity();
    const [ours, theirs] = [await prepared(recommend), await prepared(recommend)];
    await buy(theirs.tenantId, PEOPLE.slice(2), { products: [lamp] });
    assert.deepEqual(await theirs.recommended(['ann']), [['Desk Lamp']]);
    assert.deepEqual(await ours.recommended(['ann']), [[]]);
  });

  it('can come from elsewhere', async () => {
    const { recommended } = await prepared((_, { userIds }) =>
      Promise.resolve(new Map(userIds.map((userId) => [userId, [{ name: `For ${userId}`, url: 'https://shop.example/own' }]]))),
    );
    assert.deepEqual(await recommended(['ann', 'bob']), [['For ann'], ['For bob']]);
  });
});
