import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createSocialChannel, type SocialDependencies } from '../../activities/channels/social.js';
import { sendStep, type SendingDependencies, type StepSent } from '../../activities/sending/send-step.js';
import type { TenantId } from '../../core/ids.js';
import { hashText } from '../../core/message/sealed-text.js';
import { readToken } from '../../core/message/token.js';
import { claimMessages } from '../../db/queries/claiming.js';
import { partClaims } from '../../db/queries/own-calls.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { beginSocials, readWindows } from '../../db/queries/social.js';
import { SANDBOX_APP } from '../../sandbox/meta/accounts.js';
import { startSandboxMeta, type SandboxMeta, type SandboxMetaOptions } from '../../sandbox/meta/meta.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { claimed, ledgerOf } from '../harness/ledger.js';
import { newPerson, quietSocialHabits, socialStep } from '../harness/social.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let database: TestDatabase;
let meta: SandboxMeta;
before(async () => void (database = await createTestDatabase()));
after(async () => {
  await meta.close();
  await database.drop();
});
beforeEach(() => restart());

async function restart(options: SandboxMetaOptions = {}): Promise<void> {
  await meta?.close();
  meta = await startSandboxMeta({ audience: () => quietSocialHabits(), ...options });
}

const accessTokens = new Map(SANDBOX_APP.accounts.map(({ provider, accessToken }) => [provider, accessToken]));
const plainTexts: SocialDependencies['render'] = (_, users) =>
  Promise.resolve({ accessTokens, texts: users.map(({ userId, provider }) => ({ text: `For ${userId} on ${provider}` })) });

function dependencies(changes: Partial<SocialDependencies> = {}, now = () => new Date()): SendingDependencies {
  const app = { apiUrl: meta.url, appSecret: SANDBOX_APP.appSecret, timeoutMs: 2_000 };
  return {
    database,
    ledgerKey: ADDRESS_KEY,
    channels: { social: createSocialChannel({ meta: app, render: plainTexts, ...changes }) },
    now,
  };
}

const outcomes = (sent: StepSent) => sent.map(([, outcome]) => outcome);
const rowsOf = (tenantId: TenantId) => ledgerOf(database).messagesOf(tenantId);
const reasons = async (tenantId: TenantId) => (await rowsOf(tenantId)).map(({ status, reason }) => [status, reason]);

/** Users of a step who have also written to the sandbox. */
async function prepared(members: number, provider: 'messenger' | 'instagram' = 'messenger') {
  const found = await socialStep(database, provider, members);
  for (const from of found.addresses) meta.write({ provider, from, text: 'Hi' });
  return found;
}

/** When somebody last wrote, as the ledger knows it. */
const heard = (tenantId: TenantId, userId: string, at: Date | null, provider = 'messenger') =>
  database.admin.query('update contacts set heard_at = $3 where tenant_id = $1 and user_id = $2 and provider = $4', [
    tenantId,
    userId,
    at,
    provider,
  ]);

const commented = (tenantId: TenantId, comment: string, address: string, at: Date) =>
  database.admin.query(
    `insert into social_comments (tenant_id, provider, comment_id, address, commented_at) values ($1, 'messenger', $2, $3, $4)`,
    [tenantId, comment, address, at],
  );

describe('sending a step over a social network', () => {
  it('sends each member the message once, however often it is asked for, and knows it again', async () => {
    const { tenantId, step } = await prepared(20);
    for (let i = 0; i < 3; i += 1) assert.deepEqual(outcomes(await sendStep(dependencies(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual(meta.journal.counts(), { messages: 20, tokens: 20 });
    const { rows } = await database.admin.query<{ id: string; sid: string; provider: string }>(
      `select t.message_id as id, t.message_sid as sid, m.provider from texts t join messages m using (tenant_id, message_id) where tenant_id = $1`,
      [tenantId],
    );
    for (const { mid, metadata } of meta.journal.all()) {
      const row = rows.find(({ sid }) => sid === mid);
      assert.deepEqual([row?.id, row?.provider], [String(readToken(ADDRESS_KEY, metadata)?.messageId), 'messenger']);
    }
  });

  it('sends nobody the same when two do it side by side', async () => {
    const { step } = await prepared(60, 'instagram');
    await Promise.allSettled(Array.from({ length: 4 }, () => sendStep(dependencies(), step)));
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual([meta.journal.duplicates().size, meta.journal.counts().tokens], [0, 60]);
  });

  it('writes to those alone who have written within a day, and says of the others that their window is closed', async () => {
    const { tenantId, step } = await prepared(4);
    await heard(tenantId, 'u2', new Date(Date.now() - DAY_MS + 60_000));
    await heard(tenantId, 'u3', null);
    await heard(tenantId, 'u4', new Date(Date.now() - DAY_MS + HOUR_MS));
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'suppressed', 'suppressed', 'sent']);
    assert.deepEqual(await reasons(tenantId), [['sent', null], ['suppressed', 'window closed'], ['suppressed', 'window closed'], ['sent', null]]); // prettier-ignore
    assert.equal(meta.requests().length, 2);
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'suppressed', 'suppressed', 'sent']);
  });

  it('writes to nobody by a handle, and over the network that somebody wrote from last unless the step names one', async () => {
    const { tenantId, step, addresses } = await prepared(3);
    const second = newPerson();
    meta.write({ provider: 'instagram', from: second, text: 'Hi' });
    const add = (userId: string, address: string, heardAt: Date | null) =>
      database.admin.query(
        `insert into contacts (tenant_id, user_id, channel, provider, address, heard_at) values ($1, $2, 'social', 'instagram', $3, $4)`,
        [tenantId, userId, address, heardAt],
      );
    await add('u1', second, new Date(Date.now() + 60_000));
    await add('u2', 'ana.ruiz', null);
    await database.admin.query(`update contacts set address = 'ben' where tenant_id = $1 and user_id = 'u3'`, [tenantId]);
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'sent', 'suppressed']);
    const named = { ...step, stepKey: 2, provider: 'messenger' } as const;
    assert.deepEqual(outcomes(await sendStep(dependencies(), named)), ['sent', 'sent', 'suppressed']);
    const instagram = { ...step, stepKey: 3, provider: 'instagram' } as const;
    assert.deepEqual(outcomes(await sendStep(dependencies(), instagram)), ['sent', 'suppressed', 'suppressed']);
    const said = meta.journal.all().map(({ to, text }) => `${to} ${text}`);
    assert.deepEqual(said.toSorted(), [
      `${addresses[0]} For u1 on messenger`,
      `${addresses[1]} For u2 on messenger`,
      `${addresses[1]} For u2 on messenger`,
      `${second} For u1 on instagram`,
      `${second} For u1 on instagram`,
    ].toSorted()); // prettier-ignore
    const { rows } = await database.admin.query<{ reason: string }>(
      `select distinct reason from messages where tenant_id = $1 and status = 'suppressed'`,
      [tenantId],
    );
    assert.deepEqual(rows, [{ reason: 'no address' }]);
  });

  it('answers a comment once, with one message, however many want to', async () => {
    const { tenantId, step, addresses } = await socialStep(database, 'messenger', 3);
    await database.admin.query('update contacts set heard_at = null where tenant_id = $1', [tenantId]);
    const [from = '', old = ''] = addresses;
    const comment = meta.comment({ provider: 'messenger', from, text: 'price?' });
    await commented(tenantId, comment, from, new Date());
    await commented(tenantId, '1_2', old, new Date(Date.now() - 7 * DAY_MS));
    const steps: StepOfBatch[] = Array.from({ length: 6 }, (_, i) => ({ ...step, stepKey: i + 1, members: [0] }));
    const sent = await Promise.all(steps.map((one) => sendStep(dependencies(), one)));
    assert.deepEqual(sent.flatMap(outcomes).toSorted(), ['sent', ...Array.from({ length: 5 }, () => 'suppressed')]);
    assert.deepEqual(meta.journal.all().map(({ to, comment_id }) => [to, comment_id]), [[from, comment]]); // prettier-ignore
    assert.deepEqual(outcomes(await sendStep(dependencies(), { ...step, members: [1, 2] })), ['suppressed', 'suppressed']);
    assert.ok((await reasons(tenantId)).every(([status, reason]) => status === 'sent' || reason === 'window closed'));
    assert.equal(meta.requests().length, 1);
  });

  it('answers a comment that Meta would not take an answer to just now when it does', async () => {
    const { tenantId, step, addresses } = await socialStep(database, 'messenger', 1);
    await database.admin.query('update contacts set heard_at = null where tenant_id = $1', [tenantId]);
    const [from = ''] = addresses;
    await commented(tenantId, meta.comment({ provider: 'messenger', from, text: 'price?' }), from, new Date());
    meta.misbehave({ kind: 'rate_limited', resetAfterS: 60 });
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['waiting']);
    assert.deepEqual(
      outcomes(
        await sendStep(
          dependencies({}, () => new Date(Date.now() + 2 * 60_000)),
          step,
        ),
      ),
      ['sent'],
    );
    assert.equal(meta.journal.counts().messages, 1);
  });

  it('waits as long as Meta asks it to, with all of them; and for a token that it does not know', async () => {
    const { tenantId, step } = await prepared(12);
    meta.setRateLimit({ requests: 0, windowMs: 60_000 });
    const sent = await sendStep(dependencies(), step);
    assert.ok(sent.every(([, outcome, dueAtMs]) => outcome === 'waiting' && (dueAtMs ?? 0) > Date.now() + 50_000));
    assert.ok(meta.requests().length <= 8, `${meta.requests().length} requests`);
    meta.setRateLimit({ requests: 1_000, windowMs: 1_000 });
    const later = () => new Date(Date.now() + HOUR_MS);
    const render: SocialDependencies['render'] = async (...asked) => ({
      ...(await plainTexts(...asked)),
      accessTokens: new Map([['messenger', 'EAAwrong']]),
    });
    const refused = await sendStep(dependencies({ render }, later), step);
    assert.ok(refused.every(([, outcome, dueAtMs]) => outcome === 'waiting' && (dueAtMs ?? 0) > later().getTime() + 9 * 60_000));
    assert.deepEqual(new Set((await rowsOf(tenantId)).map(({ status }) => status)), new Set(['deferred']));
    assert.equal(meta.journal.counts().messages, 0);
  });

  it('fails what cannot be said, whom Meta takes nothing for, and an account that is missing, and sends to the others', async () => {
    const { tenantId, step, addresses } = await prepared(5, 'instagram');
    meta.block({ provider: 'instagram', from: addresses[2] ?? '' });
    const texts = [{ text: 'fine' }, { text: 'ü'.repeat(501) }, { text: 'blocked' }, { because: 'no words' }, { text: 'also fine' }];
    const render: SocialDependencies['render'] = () => Promise.resolve({ accessTokens, texts });
    assert.deepEqual(outcomes(await sendStep(dependencies({ render }), step)), ['sent', 'failed', 'failed', 'failed', 'sent']);
    assert.deepEqual((await rowsOf(tenantId)).map(({ reason }) => reason), [
      null,
      'its text is longer than 1000 bytes (1002)',
      "Meta refused it (400, 551, 1545041): (#551) This person isn't available right now.",
      'no words',
      null,
    ]); // prettier-ignore
    const none: SocialDependencies['render'] = async (...asked) => ({ ...(await plainTexts(...asked)), accessTokens: new Map() });
    const other = { ...step, stepKey: 2, members: [0] };
    assert.deepEqual(outcomes(await sendStep(dependencies({ render: none }), other)), ['failed']);
  });

  it('leaves out whoever has unsubscribed since the claim', async () => {
    const { tenantId, step } = await prepared(2);
    const render: SocialDependencies['render'] = async (...asked) => {
      await database.admin.query("update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'u1'", [tenantId]);
      return plainTexts(...asked);
    };
    assert.deepEqual(outcomes(await sendStep(dependencies({ render }), step)), ['suppressed', 'sent']);
    assert.equal(meta.journal.counts().messages, 1);
  });

  it('sends nothing twice, and calls what it does not know uncertain, however Meta answers', async () => {
    const faults = ([true, false] as const).flatMap((accepts) => [
      { probability: 0.1, fault: { kind: 'error', status: 500, accepts } as const },
      { probability: 0.1, fault: { kind: 'reset', accepts } as const },
    ]);
    await restart({ chances: { seed: 3, faults } });
    const { tenantId, step } = await prepared(120);
    await sendStep(dependencies(), step);
    await sendStep(dependencies(), step);
    assert.equal(meta.journal.duplicates().size, 0);
    const accepted = new Set(meta.journal.all().map(({ metadata }) => readToken(ADDRESS_KEY, metadata)?.messageId));
    const { rows } = await database.admin.query<{ id: number; status: string }>(
      'select message_id::float8 as id, status from messages where tenant_id = $1',
      [tenantId],
    );
    const of = (...statuses: string[]) => rows.filter(({ status }) => statuses.includes(status));
    assert.ok(of('uncertain').length > 10 && of('sent').length > 50);
    assert.ok(of('sent').every(({ id }) => accepted.has(id)) && !of('deferred', 'failed').some(({ id }) => accepted.has(id)));
  });

  it('leaves uncertain those alone whose call has begun, when a worker dies', async () => {
    const { tenantId, step } = await prepared(2);
    const callId = randomUUID();
    const at = new Date();
    const claims = claimed(await claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at }));
    const windows = await readWindows(database, tenantId, { claimed: claims, since: new Date(0), commentedSince: at });
    assert.ok(windows.every(({ isOpen, provider }) => isOpen && provider === 'messenger'));
    const calls = claims.map(({ messageId }) => ({ callId: randomUUID(), messageId }));
    await partClaims(database, tenantId, { from: callId, calls });
    const [first = { callId, messageId: 0 }] = calls;
    const said = hashText(ADDRESS_KEY, 'x');
    const begun = { provider: 'messenger', calls: [{ ...first, said, commentId: null }] } as const;
    await beginSocials(database, tenantId, begun, { addressKey: ADDRESS_KEY, at });
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['uncertain', 'sent']);
  });
});
