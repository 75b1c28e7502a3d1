import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { ConsentWord } from '../../core/consent/consent.js';
import type { TenantId } from '../../core/ids.js';
import { listConsentEvents, recordConsent, type TopicSettings } from '../../db/queries/consent.js';
import type { SendingCap } from '../../db/queries/sending-caps.js';
import { putSendingPolicy, type SendingPolicy } from '../../db/queries/sending-policy.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY, addCampaign, firstStep } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, event, later, ledgerOf, outcomes, reasons } from '../harness/ledger.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

async function rowsOf<Row extends object>(query: string, ...values: unknown[]): Promise<Row[]> {
  return (await database.admin.query<Row>(query, values)).rows;
}
const ledger = () => ledgerOf(database);
const set = (tenantId: TenantId, policy: Partial<SendingPolicy>) =>
  database.withTenant(tenantId, (tx) => putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], ...policy }));
const cap = (most: number, spanMinutes: number, changes: Partial<SendingCap> = {}): Partial<SendingPolicy> => ({
  caps: [{ capKey: 'all', channel: 'all', most, spanMinutes, priority: 0, ...changes }],
});
const topic = (changes: Partial<TopicSettings>): Partial<SendingPolicy> => ({
  topics: [{ topic: 'marketing', doubleOptIn: false, requiresConsent: ['sms', 'whatsapp'], isTransactional: false, ...changes }],
});
/** How many places each user has taken under the caps. */
const places = async (tenantId: TenantId) =>
  (await rowsOf<{ n: number }>('select cardinality(times) as n from recent_sends where tenant_id = $1 order by user_id', tenantId)).map(
    ({ n }) => n,
  );
const say = (tenantId: TenantId, words: readonly ConsentWord[]) =>
  recordConsent(database, tenantId, words, { addressKey: ADDRESS_KEY, at: AT });
const about = (n: number) => ({ channel: 'email', address: `u${n}@example.test`, source: 'form', at: later(-60) }) as const;
const yes = (n: number, changes: Partial<Extract<ConsentWord, { action: 'granted' }>> = {}): ConsentWord => ({
  ...about(n),
  action: 'granted',
  basis: 'consent',
  ...changes,
});
const no = (n: number): ConsentWord => ({ ...about(n), action: 'withdrawn', at: later(-30) });
const dueAt = async (tenantId: TenantId) =>
  (await rowsOf<{ due_at: Date | null }>('select due_at from messages where tenant_id = $1 order by idx', tenantId)).map(
    ({ due_at }) => due_at?.toISOString() ?? null,
  );
const change = (
  tenantId: TenantId,
  campaignId: number,
  { topic: about, priority }: { readonly topic?: string; readonly priority?: number },
) =>
  rowsOf(
    'update outreach_campaigns set topic = coalesce($3, topic), priority = coalesce($4, priority) where tenant_id = $1 and id = $2',
    tenantId,
    campaignId,
    about ?? null,
    priority ?? null,
  );

describe('consent in a claim', () => {
  it('is needed on a channel where the topic asks for a yes, and is asked again when the call begins', async () => {
    const { tenantId, step } = await ledger().prepared(4);
    await set(tenantId, topic({ requiresConsent: ['email'] }));
    await say(tenantId, [yes(1), yes(2), yes(3, { basis: 'legitimate_interest' })]);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    assert.deepEqual(reasons(claims), ['claimed', 'claimed', 'no consent', 'no consent']);
    await say(tenantId, [no(1)]);
    assert.deepEqual(await ledger().begin(tenantId, call, claims), [claimed(claims)[1]?.messageId]);
    assert.deepEqual(
      (await ledger().messagesOf(tenantId)).map(({ reason }) => reason),
      ['no consent', null, 'no consent', 'no consent'],
    );
  });

  it('is there on e-mail until somebody says no, about the topic of the campaign or about all', async () => {
    const { tenantId, step } = await ledger().prepared(4);
    await say(tenantId, [no(1), { ...no(2), topic: 'news' }, { ...no(3), topic: '*' }]);
    assert.deepEqual(reasons(await ledger().claim(step)), ['no consent', 'claimed', 'no consent', 'claimed']);
    await change(tenantId, step.campaignId, { topic: 'news' });
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 2 })), ['claimed', 'no consent', 'no consent', 'claimed']);
  });

  it('is pending where a topic asks twice', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    await set(tenantId, topic({ doubleOptIn: true }));
    await say(tenantId, [yes(1), yes(2), { ...about(2), action: 'confirmed', at: later(-30) }]);
    assert.deepEqual(reasons(await ledger().claim(step)), ['unconfirmed', 'claimed']);
  });

  it('is withdrawn by whoever unsubscribes or complains, with what shows it, and comes back by a yes after that', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await ledger().begin(tenantId, call, claims);
    await ledger().answerAll(tenantId, call, claims);
    const [first, second] = claimed(claims).map(({ messageId }) => messageId);
    await ledger().take(tenantId, [event(first ?? 0, 'unsubscribed'), event(second ?? 0, 'complained')]);
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 2 })), ['unsubscribed', 'complained', 'claimed']);
    const hash = await rowsOf<{ h: Buffer }>(
      'select address_hash as h from messages where tenant_id = $1 and message_id = $2',
      tenantId,
      first,
    );
    const events = await database.withTenant(tenantId, (tx) => listConsentEvents(tx, tenantId, hash[0]?.h ?? Buffer.of()));
    assert.deepEqual(
      events.map(({ topic: of, action, source, evidence, userId, at }) => ({ of, action, source, evidence, userId, at })),
      [
        {
          of: '*',
          action: 'withdrawn',
          source: 'sendgrid',
          evidence: { message: first, event: `unsubscribed ${first}`, kind: 'unsubscribed' },
          userId: 'u1',
          at: later(1),
        },
      ],
    );
    await say(tenantId, [yes(1), yes(2)]);
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 3 })).slice(0, 2), ['unsubscribed', 'complained'], 'an older yes');
    const back = [1, 2].map((n) => yes(n, { at: later(5) }));
    await recordConsent(database, tenantId, back, { addressKey: ADDRESS_KEY, at: later(10) });
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 4 })).slice(0, 2), ['claimed', 'complained']);
    await change(tenantId, step.campaignId, { topic: 'news' });
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 5 }))[0], 'no consent', 'to one topic');
  });
});

describe('quiet hours in a claim', () => {
  it('hold a message until they are over on the clock of the person, and never where there are none', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    // It is Monday noon in UTC: 21:00 in Tokyo, 07:00 in New York, which is the tenant's own.
    await set(tenantId, { quietHours: { email: 'Mon-Fri 09:00-20:00' } });
    await database.admin.query(`update tenants set time_zone = 'America/New_York' where tenant_id = $1`, [tenantId]);
    await database.admin.query(`update users set time_zone = 'UTC' where tenant_id = $1 and user_id = 'u1'`, [tenantId]);
    await database.admin.query(`update users set time_zone = 'Asia/Tokyo' where tenant_id = $1 and user_id = 'u2'`, [tenantId]);
    assert.deepEqual(outcomes(await ledger().claim(step)), ['claimed', 'waiting', 'waiting']);
    assert.deepEqual(await dueAt(tenantId), [null, '2026-03-03T00:00:00.000Z', '2026-03-02T14:00:00.000Z']);
    assert.deepEqual(
      (await ledger().messagesOf(tenantId)).map(({ status, reason }) => [status, reason]),
      [
        ['claimed', null],
        ['deferred', 'quiet hours'],
        ['deferred', 'quiet hours'],
      ],
    );
    assert.deepEqual(outcomes(await ledger().claim(step, randomUUID(), later(120))).slice(1), ['waiting', 'claimed']);
  });

  it('are asked again when a message is due: who has moved meanwhile waits anew', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    await set(tenantId, { quietHours: { email: 'daily 13:00-20:00' } });
    await database.admin.query(`update users set time_zone = 'UTC' where tenant_id = $1`, [tenantId]);
    await ledger().claim(step);
    await database.admin.query(`update users set time_zone = 'Asia/Tokyo' where tenant_id = $1`, [tenantId]);
    assert.deepEqual(outcomes(await ledger().claim(step, randomUUID(), later(60))), ['waiting']);
    assert.deepEqual(await dueAt(tenantId), ['2026-03-03T04:00:00.000Z']);
  });

  it('hold what would arrive after they have begun', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    await set(tenantId, { quietHours: { email: 'daily 09:00-12:01' } });
    await database.admin.query(`update users set time_zone = 'UTC' where tenant_id = $1`, [tenantId]);
    assert.deepEqual(outcomes(await ledger().claim(step)), ['waiting']);
    assert.deepEqual(await dueAt(tenantId), ['2026-03-03T09:00:00.000Z']);
  });

  it('take no place under a cap', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    await set(tenantId, { quietHours: { email: 'daily 13:00-20:00' }, ...cap(1, 100) });
    await database.admin.query(`update users set time_zone = 'UTC' where tenant_id = $1`, [tenantId]);
    await ledger().claim(step);
    assert.deepEqual(await places(tenantId), []);
  });
});

describe('caps in a claim', () => {
  it('hold a message until there is room, and then let it go', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    await set(tenantId, cap(1, 100));
    assert.deepEqual(outcomes(await ledger().claim(step)), ['claimed', 'claimed', 'claimed']);
    const second: StepOfBatch = { ...step, stepKey: 2 };
    const held = await ledger().claim(second, randomUUID(), later(2));
    assert.deepEqual(
      held.map((one) => one.outcome === 'waiting' && one.dueAt.toISOString()),
      [1, 2, 3].map(() => later(100).toISOString()),
    );
    assert.deepEqual(outcomes(await ledger().claim(second, randomUUID(), later(99))), ['waiting', 'waiting', 'waiting']);
    assert.deepEqual(outcomes(await ledger().claim(second, randomUUID(), later(100))), ['claimed', 'claimed', 'claimed']);
  });

  it('count a message once that another try takes over, and not at all what was not taken', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    await set(tenantId, cap(1, 100));
    await ledger().claim(step);
    const call = randomUUID();
    const claims = await ledger().claim(step, call, later(1));
    assert.deepEqual(outcomes(claims), ['claimed', 'claimed', 'claimed'], 'over the cap by itself');
    assert.deepEqual(await places(tenantId), [1, 1, 1]);
    const [first = 0, second = 0, third = 0] = claimed(claims).map(({ messageId }) => messageId);
    await ledger().begin(tenantId, call, claims);
    await ledger().tell(tenantId, call, [
      { messageId: first, status: 'failed', reason: 'invalid' },
      { messageId: second, status: 'sent' },
      { messageId: third, status: 'uncertain', reason: 'no answer' },
    ]);
    assert.deepEqual(await places(tenantId), [0, 1, 1]);
    assert.deepEqual(outcomes(await ledger().claim({ ...step, stepKey: 2 }, randomUUID(), later(50))), ['claimed', 'waiting', 'waiting']);
  });

  it('give the place of whoever is left out of a request back', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    await set(tenantId, cap(1, 100));
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await say(tenantId, [no(1)]);
    await ledger().begin(tenantId, call, claims);
    assert.deepEqual(await places(tenantId), [0, 1]);
  });

  it('let what is transactional and what matters more pass', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    await set(tenantId, { ...cap(1, 100, { priority: 3 }), ...topic({ topic: 'orders', isTransactional: true }) });
    await ledger().claim(step);
    await change(tenantId, step.campaignId, { topic: 'orders' });
    assert.deepEqual(outcomes(await ledger().claim({ ...step, stepKey: 6 })), ['claimed']);
    assert.deepEqual(await places(tenantId), [1], 'it was counted');
    await change(tenantId, step.campaignId, { topic: 'marketing', priority: 4 });
    assert.deepEqual(outcomes(await ledger().claim({ ...step, stepKey: 7 })), ['claimed']);
    await change(tenantId, step.campaignId, { topic: 'marketing', priority: 3 });
    assert.deepEqual(outcomes(await ledger().claim({ ...step, stepKey: 3 })), ['waiting']);
  });

  it('are never passed by campaigns that claim at once, take over from each other and are refused', async () => {
    const { tenantId, step } = await ledger().prepared(40);
    await set(tenantId, cap(2, 60 * 24));
    const campaigns = [
      step.campaignId,
      ...(await Promise.all([1, 2, 3].map(() => addCampaign(database, tenantId, 40)))).map((c) => c.campaignId),
    ];
    const turn = async (campaignId: number, minute: number) => {
      const of = firstStep(tenantId, campaignId, 40);
      const call = randomUUID();
      const claims = await ledger().claim({ ...of, members: of.members.filter((n) => (n + minute) % 3 > 0) }, call, later(minute));
      // Some workers die before they begin, some are refused a few, the others send.
      if (minute % 3 === 0) return;
      const begun = (await ledger().begin(tenantId, call, claimed(claims))) ?? [];
      const answers = begun.map((messageId, n) =>
        n % 5 === 0 ? ({ messageId, status: 'failed', reason: 'invalid' } as const) : ({ messageId, status: 'sent' } as const),
      );
      await ledger().tell(tenantId, call, answers);
    };
    for (let minute = 1; minute <= 6; minute += 1) await Promise.all(campaigns.map((id) => turn(id, minute)));
    const rows = await rowsOf<{ sent: number; taken: number }>(
      `select count(*) filter (where m.status in ('claimed', 'sent', 'uncertain'))::int as sent,
         (select cardinality(r.times) from recent_sends r where r.tenant_id = $1 and r.user_id = m.user_id) as taken
       from messages m where m.tenant_id = $1 group by m.user_id`,
      tenantId,
    );
    assert.equal(rows.length, 40);
    for (const { sent, taken } of rows) assert.ok(sent <= 2 && sent === taken, `${sent} were sent, ${taken} places taken`);
    assert.ok(rows.filter(({ sent }) => sent === 2).length > 30);
  });
});
