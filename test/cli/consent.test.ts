import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { recordConsent } from '../../db/queries/consent.js';
import { ADDRESS_KEY, addReachableUsers } from '../harness/campaigns.js';
import { runCommand } from '../harness/cli.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

let database: TestDatabase;
let tenant: TenantId;
before(async () => {
  database = await createTestDatabase();
  tenant = await database.newTenant();
  await addReachableUsers(database, tenant, 1);
  const at = new Date('2026-03-02T12:00:00Z');
  const word = { channel: 'email', address: 'u1@example.test', userId: 'u1', topic: 'news', action: 'denied', source: 'form', at } as const;
  await recordConsent(database, tenant, [word], { addressKey: ADDRESS_KEY, at });
});
after(() => database.drop());

const folder = temporaryFolder('cli-consent');
const sending = {
  SENDGRID_API_KEY: 'SG.test',
  SENDGRID_WEBHOOK_KEY:
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
  LEDGER_KEY: ADDRESS_KEY.toString('base64'),
  PUBLIC_URL: 'https://m.example',
};
const run = (...args: readonly string[]) =>
  runCommand(['consent', ...args, '--tenant', tenant], { DATABASE_URL: database.url, ...sending });

describe('madansara consent', () => {
  it('shows whether a user may be written to about a topic, and what they said', async () => {
    const marketing = await run('show', 'u1');
    assert.equal(marketing.code, 0, marketing.stderr);
    assert.match(marketing.stdout, /^channel +address +marketing\nemail +u1@example\.test +may be sent\nin_app +- +may be sent\n/);
    assert.match(marketing.stdout, /\n2026-03-02T12:00:00\.000Z +email +news +denied +form\n$/);
    assert.match((await run('show', 'u1', '--topic', 'news')).stdout, /\nemail +u1@example\.test +nothing: no consent\n/);
    const nobody = await run('show', 'nobody');
    assert.deepEqual([nobody.code, /has no user nobody/.test(nobody.stderr)], [1, true]);
  });

  it('shows and sets the policy', async () => {
    assert.deepEqual(JSON.parse((await run('policy')).stdout), {
      quiet_hours: {},
      caps: [],
      topics: [],
      rates: {},
      auto_launch: { weekly_messages: {} },
    });
    const file = join(folder, 'policy.json');
    const policy = {
      quiet_hours: { email: 'daily 08:00-21:00' },
      caps: [{ cap_id: 'day', channel: 'all', most: 1, within_minutes: 1_440 }],
    };
    writeFileSync(file, JSON.stringify(policy));
    const shown = JSON.parse((await run('policy', file)).stdout);
    assert.deepEqual(shown, {
      quiet_hours: policy.quiet_hours,
      caps: [{ ...policy.caps[0], priority: 0 }],
      topics: [],
      rates: {},
      auto_launch: { weekly_messages: {} },
    });
    assert.deepEqual(JSON.parse((await run('policy')).stdout), shown);
    writeFileSync(file, JSON.stringify({ quiet_hours: { email: 'at night' } }));
    const refused = await run('policy', file);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the policy cannot be set:\n {2}- quiet_hours: email: not hours of a week/);
    writeFileSync(file, '{');
    assert.match((await run('policy', file)).stderr, /the file is not JSON/);
  });
});
