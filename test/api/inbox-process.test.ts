import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { createLogger } from '../../api/logging.js';
import { runApi, type RunningApi } from '../../api/main.js';
import { loadConfig } from '../../config.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { readEvents } from '../harness/events.js';
import { temporaryFolder } from '../harness/folder.js';
import { inboxesOf } from '../harness/inbox.js';

let database: TestDatabase;
let api: RunningApi;
before(async () => {
  database = await createTestDatabase();
  const config = loadConfig({
    DATABASE_URL: database.url,
    ARTIFACT_DIR: temporaryFolder('inbox-process'),
    API_PORT: '0',
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    PUBLIC_URL: 'https://campaigns.example',
    LEDGER_KEY: randomBytes(32).toString('base64'),
    SENDGRID_API_KEY: 'SG.x',
    SENDGRID_WEBHOOK_KEY: 'eA==',
  });
  api = await runApi(config, { logger: createLogger('silent') });
});
after(async () => {
  await api.close();
  await database.drop();
});

it('the program serves inboxes, shows how many streams are open, and does not wait for them when it ends', async () => {
  const tenantId = await database.newTenant();
  const reader = await inboxesOf(database).reader(tenantId, 'ann');
  const { key } = await createApiKey(database, tenantId, { name: 'backend', scopes: ['inbox:tokens'] });
  const ask = (path: string, bearer: string, body?: object) =>
    fetch(api.url + path, {
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
  const minted = await ask('/v1/inbox/tokens', key, { user_id: 'ann' });
  assert.equal(minted.status, 201);
  const { token } = (await minted.json()) as { token: string };
  const events = await readEvents(`${api.url}/v1/inbox/stream`, { token, lastEventId: 0 });
  await reader.receive([{}]);
  await events.until((heard) => heard.some(({ event }) => event === 'item'));
  assert.match(await (await fetch(`${api.url}/metrics`)).text(), /^madansara_inbox_streams 1$/m);
  const startedMs = performance.now();
  await api.close();
  await events.until(() => events.isOver());
  assert.ok(performance.now() - startedMs < 5_000, 'sooner than the grace of the server');
});
