import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { hashText, NONCE_BYTES, sealText } from '../../core/message/sealed-text.js';
import { recordConsent, setConsentTopic } from '../../db/queries/consent.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { takeReply } from '../../db/queries/replies.js';
import { addReplyRule } from '../../db/queries/reply-rules.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import type { RunningWorker } from '../../workers/main.js';
import { addSender, ADDRESS_KEY } from '../harness/campaigns.js';
import { sendingTo } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { newNumber, newSid } from '../harness/texts.js';
import { quietPhoneHabits, TWILIO_ACCOUNT } from '../harness/twilio.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let sendgrid: SandboxSendgrid;
let twilio: SandboxTwilio;
const workers: RunningWorker[] = [];
before(async () => {
  walker = await openTestWalker('answering');
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
  twilio = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience: () => quietPhoneHabits({ deliveryMs: 1e12 }) });
});
after(async () => {
  for (const worker of workers) await worker.close();
  await Promise.all([sendgrid.close(), twilio.close()]);
  await walker.close();
});

describe('two workers that send', () => {
  it('answer who waits for a confirmation and who has written, once each, and by themselves', async () => {
    const { database } = walker;
    const { accountSid, authToken } = TWILIO_ACCOUNT;
    const sending = { ...sendingTo(sendgrid), twilio: { accountSid, authToken, apiUrl: twilio.url } };
    for (let n = 0; n < 2; n += 1) workers.push(await walker.startWorker({ sending }));
    const tenantId = await database.newTenant();
    await addSender(database, tenantId);
    const at = new Date();
    const number = newNumber();
    const seal = (text: string) => sealText(ADDRESS_KEY, { tenantId, providerId: 'x' }, text, randomBytes(NONCE_BYTES));
    const ruleId = await database.withTenant(tenantId, async (tx) => {
      await setConsentTopic(tx, tenantId, { topic: 'news', doubleOptIn: true, requiresConsent: [], isTransactional: false });
      await putPhoneSenders(tx, tenantId, { smsNumber: '+15005550006', smsService: null, whatsappNumber: null }, at);
      const rule = { name: 'hours', isActive: true, priority: 0, answersHelp: false, keywords: ['open'], mostPerDay: 1 };
      return addReplyRule(tx, tenantId, { ...rule, message: '9 to 5', actor: 'test', updatedAt: at });
    });
    const yes = {
      channel: 'email',
      topic: 'news',
      address: 'ann@example.test',
      action: 'granted',
      basis: 'consent',
      source: 'form',
      at,
    } as const;
    const wishes = [{ place: 0, sealedTo: seal(yes.address), sealId: 'x' }];
    await recordConsent(database, tenantId, [yes], { addressKey: ADDRESS_KEY, at, wishes });
    const answering = { rules: [ruleId], said: hashText(ADDRESS_KEY, 'open?'), sealedTo: seal(number), sealId: 'x' };
    const reply = {
      provider: 'twilio',
      providerId: newSid(),
      channel: 'sms',
      from: number,
      quotes: undefined,
      asks: undefined,
      at,
    } as const;
    await takeReply(database, tenantId, { ...reply, sealed: seal('open?') }, ADDRESS_KEY, answering);

    const isSettled = async () => {
      const { rows } = await database.admin.query('select from answers where tenant_id = $1 and next_at is not null', [tenantId]);
      return rows.length === 0;
    };
    assert.ok(await waitUntil(isSettled, 20_000, 50));
    assert.deepEqual(sendgrid.journal.all().map(({ to, subject }) => [to[0]?.email, subject]), [['ann@example.test', 'Please confirm your address']]); // prettier-ignore
    assert.deepEqual(twilio.journal.all().map(({ to, body }) => [to, body]), [[number, '9 to 5']]); // prettier-ignore
  });
});
