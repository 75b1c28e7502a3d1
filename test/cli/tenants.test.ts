import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { findApiKey } from '../../db/queries/api-keys.js';
import { schedulesOf } from '../../workflows/schedules.js';
import { runCommand } from '../harness/cli.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { connectTestTemporal, temporalAddress, type TestTemporal } from '../harness/temporal.js';

let database: TestDatabase;
let temporal: TestTemporal;
before(async () => {
  [database, temporal] = await Promise.all([createTestDatabase(), connectTestTemporal('tenants')]);
});
after(() => Promise.all([database.drop(), temporal.close()]));

const run = (args: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
  runCommand(args, { DATABASE_URL: database.url, TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: 'tenants', ...variables });

async function create(...options: string[]): Promise<string> {
  const id = randomUUID();
  const { code, stderr } = await run(['tenants', 'create', '--id', id, '--name', 'Lakou Mizik', ...options]);
  assert.equal(code, 0, stderr);
  return id;
}

describe('madansara tenants', () => {
  it('creates a tenant with its Schedules, changes both, lists and shows it', async () => {
    const id = await create('--time-zone', 'America/Port-au-Prince', '--currency', 'HTG');
    const wanted = schedulesOf({ tenantId: id as never, timeZone: 'America/Port-au-Prince' });
    const zoneOf = async (scheduleId: string) => (await temporal.client.schedule.getHandle(scheduleId).describe()).spec.timezone;
    for (const { scheduleId, spec } of wanted) assert.equal(await zoneOf(scheduleId), spec.timezone ?? '');

    const changed = await run(['tenants', 'set', id, '--time-zone', 'Europe/Paris', '--segments', '6']);
    assert.equal(changed.code, 0, changed.stderr);
    assert.match(changed.stderr, /scheduled at 08:00 in Europe\/Paris/);
    assert.equal(await zoneOf(wanted[0]?.scheduleId ?? ''), 'Europe/Paris');

    const shown = await run(['tenants', 'show', id]);
    assert.match(
      shown.stdout,
      /name +Lakou Mizik\ntime zone +Europe\/Paris\ncurrency +HTG\nsegments +6\nalways-on tests +none\ngoal +convert_to_paid: purchase within 30 days/,
    );
    assert.match((await run(['tenants', 'list'])).stdout, new RegExp(`${id} +Europe/Paris +HTG +Lakou Mizik`));
    await run(['tenants', 'set', id, '--always-on', '20%']);
    assert.match((await run(['tenants', 'show', id])).stdout, /segments +6\nalways-on tests +on 20 % of users/);
    await run(['tenants', 'set', id, '--segments', 'auto', '--always-on', 'off']);
    assert.match((await run(['tenants', 'show', id])).stdout, /always-on tests +none/);
    assert.match((await run(['tenants', 'show', id])).stdout, /segments +chosen by every walk/);
    for (const { scheduleId } of wanted) await temporal.client.schedule.getHandle(scheduleId).delete();
  });

  it('creates a tenant also while Temporal is away, and says who will schedule its walk', async () => {
    const { code, stdout, stderr } = await run(['tenants', 'create', '--name', 'Away'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /name +Away/);
    assert.match(stderr, /not scheduled yet, as Temporal at 127\.0\.0\.1:1 did not answer .*: the worker schedules it when it runs/);
  });

  it('says in one sentence what is wrong', async () => {
    const id = randomUUID();
    const cases: [string[], RegExp][] = [
      [['tenants', 'show', id], new RegExp(`there is no tenant ${id}`)],
      [['tenants', 'set', id, '--name', 'x'], new RegExp(`there is no tenant ${id}`)],
      [['tenants', 'set', id], /nothing to change/],
      [['tenants', 'create', '--name', 'x', '--time-zone', 'europe/berlin'], /the time zone is written Europe\/Berlin/],
      [['tenants', 'create', '--name', 'x', '--currency', 'dollars'], /a code of ISO 4217/],
      [['tenants', 'create', '--name', ' '], /1 to 255 characters/],
      [['tenants', 'create', '--name', 'x', '--segments', '99'], /2 to 10, or auto, is expected/],
      [['tenants', 'set', id, '--always-on', '200'], /1 to 100 percent, or off, is expected/],
      [['keys', 'list', '--tenant', id], new RegExp(`there is no tenant ${id}`)],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await run(args);
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.equal(code, 1);
    }
    const away = await run(['tenants', 'list'], { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none' });
    assert.match(away.stderr, /PostgreSQL does not answer at 127\.0\.0\.1:1 \(DATABASE_URL\)/);
  });

  it('refuses an id that is taken', async () => {
    const tenantId = await database.newTenant();
    const { code, stderr } = await run(['tenants', 'create', '--id', tenantId, '--name', 'Again']);
    assert.deepEqual([code, stderr.trim()], [1, `madansara: there is a tenant ${tenantId} already`]);
  });
});

describe('madansara keys', () => {
  it('shows a new key once, lists without it, and revokes it for good', async () => {
    const tenantId = await database.newTenant();
    const created = await run(['keys', 'create', '--tenant', tenantId, '--name', 'dashboard', '--scopes', 'read,walks:write']);
    assert.equal(created.code, 0, created.stderr);
    const key = created.stdout.trim();
    const holder = await findApiKey(database, key);
    assert.deepEqual([holder?.tenantId, holder?.scopes], [tenantId, ['read', 'walks:write']]);

    const listed = await run(['keys', 'list', '--tenant', tenantId]);
    assert.match(listed.stdout, new RegExp(`${holder?.keyId} +read,walks:write +[\\d-]+ +in force +dashboard`));
    assert.ok(!listed.stdout.includes(key));

    const keyId = holder?.keyId ?? '';
    assert.match((await run(['keys', 'revoke', keyId, '--tenant', tenantId])).stdout, /is revoked since/);
    assert.equal(await findApiKey(database, key), undefined);
    assert.match((await run(['keys', 'list', '--tenant', tenantId])).stdout, /revoked/);
    const other = await run(['keys', 'revoke', keyId, '--tenant', await database.newTenant()]);
    assert.match(other.stderr, new RegExp(`the tenant has no key ${keyId}`));
  });

  it('refuses scopes that there are not, or that cannot stand together', async () => {
    const tenantId = await database.newTenant();
    const create = (scopes: string) => run(['keys', 'create', '--tenant', tenantId, '--name', 'x', '--scopes', scopes]);
    assert.match((await create('write')).stderr, /there is no scope write; there are read, /);
    assert.match((await create('events:write,read')).stderr, /may do nothing else/);
    assert.match((await create('')).stderr, /at least one scope/);
  });
});
