import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTextChannel, type TextDependencies } from '../../activities/channels/texts.js';
import { createTwilioClient } from '../../activities/channels/twilio-client.js';
import { sendStep, type SendingDependencies, type StepSent } from '../../activities/sending/send-step.js';
import { settleTexts } from '../../activities/sending/settle-texts.js';
import type { TenantId } from '../../core/ids.js';
import { readToken } from '../../core/message/token.js';
import { claimMessages } from '../../db/queries/claiming.js';
import { partClaims } from '../../db/queries/own-calls.js';
import { beginTexts } from '../../db/queries/texts.js';
import { takeReply } from '../../db/queries/replies.js';
import { startSandboxTwilio, type SandboxTwilio, type SandboxTwilioOptions } from '../../sandbox/twilio/twilio.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { claimed, ledgerOf } from '../harness/ledger.js';
import { middayClock, newSid, phoneStep } from '../harness/texts.js';
import { quietPhoneHabits, TWILIO_ACCOUNT, UTILITY_SID } from '../harness/twilio.js';

const HOUR_MS = 3_600_000;
const NO_RULES = { rules: [], said: Buffer.alloc(32), sealedTo: Buffer.alloc(0), sealId: '' };
let database: TestDatabase;
let twilio: SandboxTwilio;
before(async () => void (database = await createTestDatabase()));
after(async () => {
  await twilio.close();
  await database.drop();
});
beforeEach(() => restart());

async function restart(options: SandboxTwilioOptions = {}): Promise<void> {
  await twilio?.close();
  twilio = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience: () => quietPhoneHabits({ deliveryMs: 1e12 }), ...options });
}

const plainTexts: TextDependencies['render'] = (step, _, users) =>
  Promise.resolve({
    sender: { kind: 'number', number: '+15005550006' },
    contents: users.map(({ userId, isOpen }) =>
      step.channel === 'sms' || isOpen
        ? { kind: 'text', text: `For ${userId}` }
        : { kind: 'template', contentSid: UTILITY_SID, variables: { 1: userId } },
    ),
  });

const clientAt = (secret = TWILIO_ACCOUNT.authToken) =>
  createTwilioClient({ accountSid: TWILIO_ACCOUNT.accountSid, secret, baseUrl: twilio.url, timeoutMs: 2_000 });

const midday = middayClock();

function dependencies(changes: Partial<TextDependencies> = {}, now = midday): SendingDependencies {
  const texts = { client: clientAt(), statusUrl: 'http://127.0.0.1:1/status', render: plainTexts, ...changes };
  return {
    database,
    ledgerKey: ADDRESS_KEY,
    channels: { sms: createTextChannel('sms', texts), whatsapp: createTextChannel('whatsapp', texts) },
    now,
  };
}

const outcomes = (sent: StepSent) => sent.map(([, outcome]) => outcome);
const rowsOf = (tenantId: TenantId) => ledgerOf(database).messagesOf(tenantId);
const statuses = async (tenantId: TenantId) => (await rowsOf(tenantId)).map(({ status }) => status);
const suppressed = async (tenantId: TenantId) =>
  (await database.admin.query('select reason from suppressions where tenant_id = $1 order by reason', [tenantId])).rows;
const settle = (nowMs = Date.now() + HOUR_MS) => settleTexts({ database, ledgerKey: ADDRESS_KEY, client: clientAt(), nowMs: () => nowMs });

describe('sending a step of texts', () => {
  it('sends each member the message once, however often it is asked for, and knows it again', async () => {
    const { tenantId, step } = await phoneStep(database, 'sms', 20);
    for (let i = 0; i < 3; i += 1) assert.deepEqual(outcomes(await sendStep(dependencies(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual(twilio.journal.counts(), { messages: 20, tokens: 20 });
    const { rows } = await database.admin.query<{ message_id: string; message_sid: string }>(
      'select message_id, message_sid from texts where tenant_id = $1',
      [tenantId],
    );
    for (const { sid, token } of twilio.journal.all()) {
      const message = readToken(ADDRESS_KEY, token);
      assert.equal(rows.find(({ message_sid }) => message_sid === sid)?.message_id, String(message?.messageId));
    }
  });

  it('sends nobody the same when two do it side by side', async () => {
    const { step } = await phoneStep(database, 'sms', 100);
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => sendStep(dependencies(), step)));
    assert.ok(tries.some(({ status }) => status === 'fulfilled'));
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.equal(twilio.journal.duplicates().size, 0);
    assert.equal(twilio.journal.counts().tokens, 100);
  });

  it('waits as long as Twilio asks it to, with all of them; and for a key that it does not know', async () => {
    const { tenantId, step } = await phoneStep(database, 'sms', 12);
    await restart({ rateLimit: { requests: 0, windowMs: 60_000 } });
    const sent = await sendStep(dependencies(), step);
    assert.ok(sent.every(([, outcome]) => outcome === 'waiting'));
    assert.ok(twilio.requests().length <= 8, `${twilio.requests().length} requests`);
    await restart();
    const later = () => new Date(midday().getTime() + HOUR_MS);
    const refused = await sendStep(dependencies({ client: clientAt('wrong') }, later), step);
    assert.ok(refused.every(([, outcome, dueAtMs]) => outcome === 'waiting' && (dueAtMs ?? 0) > later().getTime() + 9 * 60_000));
    assert.deepEqual(new Set(await statuses(tenantId)), new Set(['deferred']));
    assert.equal(twilio.journal.counts().messages, 0);
  });

  it('suppresses whoever has told Twilio to let nothing through, and sends to the others', async () => {
    const { tenantId, step, addresses } = await phoneStep(database, 'sms', 2);
    twilio.receive({ from: addresses[0] ?? '', to: '+15005550006', body: 'STOP' });
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['failed', 'sent']);
    assert.deepEqual(await suppressed(tenantId), [{ reason: 'unsubscribed' }]);
  });

  it('suppresses a number that takes no texts', async (t) => {
    const landline = createServer((_, response) =>
      response.writeHead(400).end('{"code":21614,"message":"not a mobile number","status":400}'),
    );
    await new Promise<void>((resolve) => landline.listen(0, '127.0.0.1', resolve));
    t.after(() => landline.close());
    const baseUrl = `http://127.0.0.1:${(landline.address() as AddressInfo).port}`;
    const client = createTwilioClient({ accountSid: TWILIO_ACCOUNT.accountSid, secret: 'x', baseUrl, timeoutMs: 2_000 });
    const { tenantId, step } = await phoneStep(database, 'sms', 1);
    assert.deepEqual(outcomes(await sendStep(dependencies({ client }), step)), ['failed']);
    assert.deepEqual(await suppressed(tenantId), [{ reason: 'bounced' }]);
  });

  it('fails what cannot be written, and sends the others', async () => {
    const { tenantId, step } = await phoneStep(database, 'sms', 3);
    const render: TextDependencies['render'] = async (...asked) => {
      const { sender, contents } = await plainTexts(...asked);
      return {
        sender,
        contents: contents.map((one, i) => (i === 0 ? { because: 'no words' } : i === 1 ? { kind: 'text', text: ' ' } : one)),
      };
    };
    assert.deepEqual(outcomes(await sendStep(dependencies({ render }), step)), ['failed', 'failed', 'sent']);
    assert.deepEqual((await rowsOf(tenantId)).map(({ reason }) => reason), ['no words', 'its text is empty', null]); // prettier-ignore
  });

  it('leaves out whoever has unsubscribed since the claim', async () => {
    const { tenantId, step } = await phoneStep(database, 'sms', 2);
    const render: TextDependencies['render'] = async (asked, channel, users, at) => {
      await database.admin.query("update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'u1'", [tenantId]);
      return plainTexts(asked, channel, users, at);
    };
    assert.deepEqual(outcomes(await sendStep(dependencies({ render }), step)), ['suppressed', 'sent']);
    assert.equal(twilio.journal.counts().messages, 1);
  });

  it('says whatever a step says to whoever has written within a day, and only what Meta has approved to others', async () => {
    const { tenantId, step, addresses } = await phoneStep(database, 'whatsapp', 3);
    const sealed = Buffer.from('x');
    for (const [i, agoMs] of [HOUR_MS, 25 * HOUR_MS].entries()) {
      const from = addresses[i] ?? '';
      twilio.receive({ from: `whatsapp:${from}`, to: 'whatsapp:+15005550006', body: 'Hi' });
      const at = new Date(Date.now() - agoMs);
      const reply = {
        provider: 'twilio',
        providerId: newSid(),
        channel: 'whatsapp',
        from,
        quotes: undefined,
        asks: undefined,
        sealed,
        at,
      } as const;
      await takeReply(database, tenantId, reply, ADDRESS_KEY, NO_RULES);
    }
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'sent', 'sent']);
    const said = new Map(twilio.journal.all().map(({ to, content_sid, body }) => [to.replace('whatsapp:', ''), content_sid ?? body]));
    assert.deepEqual(addresses.map((address) => said.get(address)), ['For u1', UTILITY_SID, UTILITY_SID]); // prettier-ignore
  });
});

describe('texts of which nobody knows whether Twilio has them', () => {
  it('are settled from its list as the journal has it, and none is sent again', async () => {
    const faults = ([true, false] as const).flatMap((accepts) => [
      { probability: 0.1, fault: { kind: 'error', status: 500, accepts } as const },
      { probability: 0.1, fault: { kind: 'reset', accepts } as const },
    ]);
    // An hour ago, so that what is not there cannot come any more.
    await restart({ chances: { seed: 3, faults }, now: () => Date.now() - HOUR_MS });
    const { tenantId, step } = await phoneStep(database, 'sms', 120);
    await sendStep(dependencies(), step);
    await database.admin.query("update texts set begun_at = begun_at - interval '1 hour' where tenant_id = $1", [tenantId]);
    await database.admin.query("update messages set updated_at = updated_at - interval '1 hour' where tenant_id = $1", [tenantId]);
    const uncertain = (await statuses(tenantId)).filter((status) => status === 'uncertain').length;
    const { found, absent, unclear } = await settle(Date.now());
    assert.ok(found > 5 && absent > 5 && unclear === 0, JSON.stringify({ found, absent, unclear }));
    assert.equal(found + absent, uncertain);
    const { rows } = await database.admin.query<{ id: string; status: string }>(
      'select message_id as id, status from messages where tenant_id = $1',
      [tenantId],
    );
    const accepted = new Set(twilio.journal.all().map(({ token }) => String(readToken(ADDRESS_KEY, token)?.messageId)));
    for (const { id, status } of rows) {
      if (status === 'deferred') continue; // kept back behind many that were not answered
      assert.equal(status, accepted.has(id) ? 'sent' : 'failed');
    }
    await sendStep(dependencies(), step);
    assert.equal(twilio.journal.duplicates().size, 0);
  });

  it('stay uncertain while they may still arrive, and where their number is nobody’s any more', async () => {
    const { tenantId, step } = await phoneStep(database, 'sms', 2);
    twilio.misbehave({ kind: 'reset', accepts: false }, { kind: 'reset', accepts: true });
    await sendStep(dependencies(), step);
    assert.deepEqual(await statuses(tenantId), ['uncertain', 'uncertain']);
    await database.admin.query('delete from contacts where tenant_id = $1', [tenantId]);
    assert.deepEqual(await settle(), { found: 0, absent: 0, unclear: 0 });
    assert.deepEqual(await statuses(tenantId), ['uncertain', 'uncertain']);
  });

  it('are those alone whose call has begun, when a worker dies', async () => {
    const { tenantId, step } = await phoneStep(database, 'sms', 2);
    const callId = randomUUID();
    const claims = claimed(await claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at: midday() }));
    const calls = claims.map(({ messageId }) => ({ callId: randomUUID(), messageId }));
    await partClaims(database, tenantId, { from: callId, calls });
    const [first = { callId, messageId: 0 }] = calls;
    await beginTexts(database, tenantId, [{ ...first, said: null }], { addressKey: ADDRESS_KEY, at: midday() });
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['uncertain', 'sent']);
    assert.equal(await partClaims(database, tenantId, { from: callId, calls }), false);
  });
});
