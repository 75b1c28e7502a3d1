import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { readPreflight } from '../../db/queries/campaign-preflight.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { claimMessages } from '../../db/queries/claiming.js';
import { recordConsent } from '../../db/queries/consent.js';
import { startSandboxPush, type SandboxPush } from '../../sandbox/push/push.js';
import { addSegment, ADDRESS_KEY, draftCampaign, EVERYTHING_READY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { later, reasons } from '../harness/ledger.js';
import { addDevice } from '../harness/push.js';

let database: TestDatabase;
let service: SandboxPush;
before(async () => {
  database = await createTestDatabase();
  service = await startSandboxPush();
});
after(async () => {
  await service.close();
  await database.drop();
});

const step: StepRequest = { day: 0, channel: 'push', template: 'x', message: 'Hi' };

it('a preflight counts whom push messages reach as claims decide when it comes to it', async () => {
  const tenantId = await database.newTenant();
  const people = ['ann', 'bob', 'cat', 'dan', 'eve'];
  const segment = await addSegment(database, tenantId, people);
  for (const user of ['ann', 'bob', 'bob', 'cat', 'dan']) await addDevice(database, service, { tenantId, user });
  const address = Buffer.from('cat').toString('hex');
  const word = { channel: 'push', address, userId: 'cat', action: 'withdrawn', source: 'test', at: later(1) } as const;
  await recordConsent(database, tenantId, [word], { addressKey: ADDRESS_KEY, at: later(1) });
  await database.admin.query(
    `insert into suppressions (tenant_id, channel, address_hash, reason) values ($1, 'push', hash_address($2, $1, 'push', $3), 'complained')`,
    [tenantId, ADDRESS_KEY, Buffer.from('dan').toString('hex')],
  );
  const key = await draftCampaign(database, tenantId, { segment, sequence: [step] });
  const { row, preflight } = await database.withTenant(tenantId, async (tx) => {
    const found = await requireCampaign(tx, tenantId, key);
    return { row: found, preflight: await readPreflight(tx, found, { readiness: EVERYTHING_READY, at: later(2) }) };
  });
  assert.deepEqual(preflight.reach, [
    { channel: 'push', reachable: 2, noAddress: 1, noConsent: 1, unconfirmed: 0, suppressed: 1, sameAddress: 0 },
  ]);
  await database.admin.query(
    `insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id) select $1, $2, 0, n - 1, 1, p from unnest($3::text[]) with ordinality u(p, n)`,
    [tenantId, row.id, people],
  );
  const claimed = { tenantId, campaignId: row.id, stepKey: 1, channel: 'push', batch: 0, members: [0, 1, 2, 3, 4] } as const;
  const claims = await claimMessages(database, claimed, { callId: randomUUID(), addressKey: ADDRESS_KEY, at: later(2) });
  assert.deepEqual(reasons(claims), ['claimed', 'claimed', 'no consent', 'complained', 'no address']);
});
