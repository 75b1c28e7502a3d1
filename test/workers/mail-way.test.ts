import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sendStep } from '../../activities/sending/send-step.js';
import { loadConfig } from '../../config.js';
import type { SendingConfig } from '../../config/sending.js';
import { startSandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startSandboxSmtp } from '../../sandbox/smtp/smtp.js';
import { openMailWay } from '../../workers/mail-way.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { ledgerOf } from '../harness/ledger.js';
import { plainRender, sendingTo } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

async function sendBy(sending: SendingConfig, people: number): Promise<void> {
  const way = openMailWay({ database, sending, outgoing: { render: plainRender }, timeoutMs: 5_000 });
  const { step } = await ledgerOf(database).prepared(people);
  const dependencies = { database, ledgerKey: sending.ledgerKey, channels: { email: way.channel }, now: () => new Date() };
  const sent = await sendStep(dependencies, step);
  way.close();
  assert.deepEqual(new Set(sent.map(([, outcome]) => outcome)), new Set(['sent']));
}

describe('the way that mails go', () => {
  it('is the SMTP server that the configuration names, as the user that it names', async (t) => {
    const server = await startSandboxSmtp({ login: { user: 'shop', password: 'a b' } });
    t.after(() => server.close());
    const { sending } = loadConfig({
      DATABASE_URL: database.url,
      LEDGER_KEY: ADDRESS_KEY.toString('base64'),
      PUBLIC_URL: 'https://audience.example.com',
      SMTP_URL: `smtp://shop:a%20b@127.0.0.1:${server.port}`,
    });
    assert.ok(sending);
    await sendBy(sending, 3);
    assert.deepEqual(server.journal.counts(), { messages: 3, tokens: 3 });
    assert.deepEqual(new Set(server.greetedBy()), new Set(['audience.example.com']));
  });

  it('is SendGrid where the configuration names that', async (t) => {
    const sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
    t.after(() => sendgrid.close());
    await sendBy(sendingTo(sendgrid), 3);
    assert.deepEqual([sendgrid.journal.counts().messages, sendgrid.requests().length], [3, 1]);
  });
});
