import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { createLogger } from '../../api/logging.js';
import { runApi, type RunningApi } from '../../api/main.js';
import { readinessOf } from '../../core/campaign/readiness.js';
import { loadConfig, type Config } from '../../config.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

let database: TestDatabase;
let config: Config;
let api: RunningApi;
before(async () => {
  database = await createTestDatabase();
  config = loadConfig({
    DATABASE_URL: database.url,
    ARTIFACT_DIR: temporaryFolder('smtp-installation'),
    API_PORT: '0',
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    PUBLIC_URL: 'https://campaigns.example',
    LEDGER_KEY: randomBytes(32).toString('base64'),
    SMTP_URL: 'smtp://127.0.0.1:2525',
  });
  api = await runApi(config, { logger: createLogger('silent') });
});
after(async () => {
  await api.close();
  await database.drop();
});

it('an installation that sends by SMTP is ready to, has the pages that its mails link to, and takes no events of SendGrid', async () => {
  assert.equal(readinessOf(config.sending).email, true);
  const events = await fetch(`${api.url}/v1/webhooks/sendgrid`, { method: 'POST', body: '[]' });
  assert.equal(events.status, 404);
  const page = await fetch(`${api.url}/v1/unsubscribe/no-token-of-ours`);
  assert.match(page.headers.get('content-type') ?? '', /html/);
});
