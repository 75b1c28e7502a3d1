import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TenantId } from '../../core/ids.js';
import {
  answerCall,
  beginCall,
  claimMessages,
  takeProviderEvents,
  type Claim,
  type ProviderEvent,
  type StepOfBatch,
} from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY, addCampaign, addReachableUsers, firstStep } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { columnsOf } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const AT = new Date('2026-03-02T12:00:00Z');
const later = (minutes: number) => new Date(AT.getTime() + minutes * 60_000);
const claim = (step: StepOfBatch, callId = randomUUID(), at = AT) => claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at });
const claimed = (claims: readonly Claim[]) => claims.flatMap((one) => (one.outcome === 'claimed' ? [one] : []));
const outcomes = (claims: readonly Claim[]) => claims.map(({ outcome }) => outcome);
const answerAll = (tenantId: TenantId, callId: string, claims: readonly Claim[], status: 'sent' | 'uncertain' = 'sent') =>
  answerCall(database, tenantId, { callId, at: AT, answers: claimed(claims).map(({ messageId }) => ({ messageId, status, reason: '' })) });
const messagesOf = (tenantId: TenantId) =>
  columnsOf(database, 'select user_id, status, reason from messages where tenant_id = $1 order by idx, user_id', tenantId);
const event = (messageId: number, kind: ProviderEvent['kind'], changes: Partial<ProviderEvent> = {}): ProviderEvent => ({
  eventId: `${kind} ${messageId}`,
  messageId,
  kind,
  at: later(1),
  byMachine: false,
  ...changes,
});

async function prepared(users: number): Promise<{ tenantId: TenantId; step: StepOfBatch }> {
  const tenantId = await database.newTenant();
  await addReachableUsers(database, tenantId, users);
  const { campaignId } = await addCampaign(database, tenantId, users);
  return { tenantId, step: firstStep(tenantId, campaignId, users) };
}

describe('a claim', () => {
  it('gives each member an address and a message, and to nobody else the same', async () => {
    const { tenantId, step } = await prepared(3);
    const first = claimed(await claim(step));
    assert.deepEqual(
      first.map(({ idx, userId, address }) => [idx, userId, address]),
      [
        [0, 'u1', 'u1@example.test'],
        [1, 'u2', 'u2@example.test'],
        [2, 'u3', 'u3@example.test'],
      ],
    );
    const twenty = await Promise.all(Array.from({ length: 20 }, () => claim(step)));
    const owners = twenty.flatMap(claimed);
    assert.ok(owners.every(({ messageId }) => first.some((one) => one.messageId === messageId)));
    assert.equal((await messagesOf(tenantId)).length, 3);
  });

  it('is taken over where its call never began, and uncertain where it had', async () => {
    const { tenantId, step } = await prepared(2);
    const [slow, dead, next] = [randomUUID(), randomUUID(), randomUUID()];
    await claim({ ...step, members: [0] }, slow);
    await claim({ ...step, members: [1] }, dead);
    assert.equal(await beginCall(database, tenantId, dead), true);
    assert.deepEqual(outcomes(await claim(step, next)), ['claimed', 'uncertain']);
    assert.equal(await beginCall(database, tenantId, slow), false, 'who wakes up late stops');
    assert.equal(await beginCall(database, tenantId, next), true);
    assert.equal(await beginCall(database, tenantId, next), false, 'a call begins once');
  });

  it('of who was sent to is settled, and says how', async () => {
    const { tenantId, step } = await prepared(2);
    const call = randomUUID();
    const claims = await claim(step, call);
    await beginCall(database, tenantId, call);
    await answerAll(tenantId, call, claims);
    const again = await claim(step);
    assert.deepEqual(
      again.map((one) => one.outcome === 'done' && one.status),
      ['sent', 'sent'],
    );
  });

  it('is none of who has no address, has said no, is suppressed, was deleted, or shares an address', async () => {
    const { tenantId, step } = await prepared(7);
    const set = (text: string, ...values: unknown[]) => database.admin.query(text, [tenantId, ...values]);
    await set(`delete from contacts where tenant_id = $1 and user_id = 'u1'`);
    await set(`update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'u2'`);
    await set(
      `insert into suppressions (tenant_id, channel, address_hash, reason) values ($1, 'email', hash_address($2, $1, 'email', ' U3@Example.test'), 'complained')`,
      ADDRESS_KEY,
    );
    await database.pool.query(`select delete_user($1, 'u4')`, [tenantId]);
    await set(`update contacts set address = 'U6@example.test' where tenant_id = $1 and user_id = 'u5'`);
    await database.pool.query(`select merge_users($1, 'u7', 'u1')`, [tenantId]);
    const claims = await claim(step);
    assert.deepEqual(
      claims.map((one) => (one.outcome === 'done' ? one.reason : one.outcome)),
      ['claimed', 'no consent', 'complained', 'deleted', 'claimed', 'same address', 'merged'],
    );
    const [, , , fourth] = await messagesOf(tenantId);
    assert.match((fourth as { user_id: string }).user_id, /^deleted\//);
    assert.deepEqual(outcomes(await claim(step, randomUUID())).filter((outcome) => outcome === 'claimed').length, 2, 'nothing new');
  });

  it('that was deferred waits until it is due, and is judged again then', async () => {
    const { tenantId, step } = await prepared(2);
    const call = randomUUID();
    const claims = await claim(step, call);
    await beginCall(database, tenantId, call);
    const answers = claimed(claims).map(({ messageId }) => ({
      messageId,
      status: 'deferred' as const,
      reason: 'rate limit',
      dueAt: later(5),
    }));
    await answerCall(database, tenantId, { callId: call, at: AT, answers });
    const early = await claim(step, randomUUID(), later(4));
    assert.deepEqual(
      early.map((one) => one.outcome === 'waiting' && one.dueAt.toISOString()),
      [later(5).toISOString(), later(5).toISOString()],
    );
    await database.admin.query(`update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'u2'`, [tenantId]);
    const due = await claim(step, randomUUID(), later(5));
    assert.deepEqual(
      due.map((one) => (one.outcome === 'done' ? one.reason : one.outcome)),
      ['claimed', 'no consent'],
    );
  });

  it('belongs to its batch: another one that has the same user by a merge gets nothing', async () => {
    const { tenantId, step } = await prepared(1);
    await database.admin.query(`insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id) values ($1, $2, 1, 0, 1, 'u2')`, [
      tenantId,
      step.campaignId,
    ]);
    await claim(step);
    await database.admin.query(`update messages set user_id = 'u2' where tenant_id = $1`, [tenantId]);
    const [other] = await claim({ ...step, batch: 1 });
    assert.deepEqual(other?.outcome === 'done' && other.reason, 'merged');
  });

  it('reads a few rows a message, in the last batch as in the first', async () => {
    const { tenantId, step } = await prepared(20_000);
    await database.admin.query('vacuum analyze users, contacts, journeys, messages');
    const rowsRead = async (batch: number): Promise<number> => {
      const members = Array.from({ length: 500 }, (_, idx) => idx);
      const client = await database.admin.connect();
      try {
        await client.query('begin');
        const read = async () =>
          (
            await client.query<{ n: number }>(
              `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 as n from pg_stat_xact_user_tables
               where schemaname = 'madansara_analytics'`,
            )
          ).rows[0]?.n ?? 0;
        const before = await read();
        const parameters = [tenantId, step.campaignId, step.stepKey, step.channel, ADDRESS_KEY, batch, members, randomUUID(), AT];
        const { rowCount } = await client.query(
          `select from claim_messages($1, $2, $3, $4, $5, $6, $7, $8, $9) where outcome = 'claimed'`,
          parameters,
        );
        assert.equal(rowCount, 500);
        const after = await read();
        await client.query('commit');
        return (after - before) / 500;
      } finally {
        client.release();
      }
    };
    const [first, last] = [await rowsRead(0), await rowsRead(39)];
    assert.ok(first > 3 && first <= 10 && last > 3 && last <= 10, `${first} and ${last}`);
  });
});

describe('what a provider tells', () => {
  it('moves a message forward only, each event once, in whatever order', async () => {
    const kinds = fc.shuffledSubarray(['sent', 'delivered', 'opened', 'clicked', 'replied'] as const, { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(fc.nat({ max: 4 }), { maxLength: 5 }), async (order, repeats) => {
        const { tenantId, step } = await prepared(1);
        const [one] = claimed(await claim(step));
        assert.ok(one);
        const told = order.map((kind) => event(one.messageId, kind));
        const all = [...told, ...repeats.map((i) => told[i % told.length] ?? told[0])].filter((each) => each !== undefined);
        let taken = 0;
        for (const each of all) taken += await takeProviderEvents(database, tenantId, 'sendgrid', [each]);
        assert.equal(taken, order.length);
        const furthest = (['replied', 'clicked', 'opened', 'delivered', 'sent'] as const).find((kind) => order.includes(kind));
        assert.deepEqual(await messagesOf(tenantId), [{ user_id: 'u1', status: furthest, reason: null }]);
      }),
      { numRuns: 30 },
    );
  });

  it('settles what was uncertain, and stays when the answer comes after it', async () => {
    const { tenantId, step } = await prepared(2);
    const call = randomUUID();
    const claims = await claim(step, call);
    await beginCall(database, tenantId, call);
    await claim(step, randomUUID());
    const [first] = claimed(claims);
    assert.ok(first);
    await takeProviderEvents(database, tenantId, 'sendgrid', [event(first.messageId, 'delivered')]);
    assert.deepEqual(await messagesOf(tenantId), [
      { user_id: 'u1', status: 'delivered', reason: null },
      { user_id: 'u2', status: 'uncertain', reason: null },
    ]);
    await answerAll(tenantId, call, claims);
    assert.deepEqual(
      (await messagesOf(tenantId)).map((row) => (row as { status: string }).status),
      ['delivered', 'sent'],
    );
  });

  it('of a machine that opened shows a delivery alone; of a bounce or a complaint, that nothing more may be sent', async () => {
    const { tenantId, step } = await prepared(3);
    const claims = claimed(await claim(step));
    const ids = claims.map(({ messageId }) => messageId);
    await takeProviderEvents(database, tenantId, 'sendgrid', [
      event(ids[0] ?? 0, 'opened', { byMachine: true }),
      event(ids[1] ?? 0, 'bounced'),
      event(ids[2] ?? 0, 'delivered'),
      event(ids[2] ?? 0, 'complained'),
    ]);
    assert.deepEqual(await messagesOf(tenantId), [
      { user_id: 'u1', status: 'delivered', reason: null },
      { user_id: 'u2', status: 'failed', reason: 'bounced' },
      { user_id: 'u3', status: 'delivered', reason: null },
    ]);
    const next = await claim({ ...step, stepKey: 'second' });
    assert.deepEqual(
      next.map((one) => (one.outcome === 'done' ? one.reason : one.outcome)),
      ['claimed', 'bounced', 'complained'],
    );
  });

  it('of a message that is not there, or is another tenant’s, changes nothing', async () => {
    const [ours, theirs] = [await prepared(1), await prepared(1)];
    const [one] = claimed(await claim(theirs.step));
    assert.equal(
      await takeProviderEvents(database, ours.tenantId, 'sendgrid', [event(one?.messageId ?? 0, 'opened', { eventId: 'x' })]),
      0,
    );
    assert.deepEqual(await messagesOf(theirs.tenantId), [{ user_id: 'u1', status: 'claimed', reason: null }]);
  });
});

describe('workers that die and sleep at any point', () => {
  const points = ['claimed', 'begun', 'sent', 'answered', 'sleeps', 'lives'] as const;
  const USERS = 7;

  /** Each attempt goes as far as its point; one that sleeps goes on after all others. Gives how often each message was sent. */
  async function story(
    attempts: readonly (typeof points)[number][],
    mode: 'ledger' | 'send first',
  ): Promise<{ sent: Map<number, number>; tenantId: TenantId; step: StepOfBatch }> {
    const { tenantId, step } = await prepared(USERS);
    const sent = new Map<number, number>();
    const post = (claims: readonly Claim[]) => {
      for (const { messageId } of claimed(claims)) sent.set(messageId, (sent.get(messageId) ?? 0) + 1);
    };
    let wake = (): void => undefined;
    const morning = new Promise<void>((resolve) => (wake = resolve));
    const attempt = async (point: (typeof points)[number]): Promise<void> => {
      const callId = randomUUID();
      const claims = await claim(step, callId);
      if (point === 'claimed') return;
      if (point === 'sleeps') await morning;
      if (mode === 'send first') {
        post(await readAsClaimed(claims));
        if (point === 'begun' || point === 'sent') return;
      } else {
        if (claimed(claims).length === 0 || !(await beginCall(database, tenantId, callId)) || point === 'begun') return;
        post(claims);
        if (point === 'sent') return;
      }
      await answerAll(tenantId, callId, claims);
    };
    const sleeping: Promise<void>[] = [];
    for (const point of attempts) {
      if (point === 'sleeps') sleeping.push(attempt(point));
      else await attempt(point);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await attempt('lives');
    wake();
    await Promise.all(sleeping);
    return { sent, tenantId, step };
  }

  /** As one who sends first and records later sees it: whatever has no answer is sent. */
  const readAsClaimed = async (claims: readonly Claim[]): Promise<Claim[]> =>
    claims.map((one) =>
      one.outcome === 'uncertain' ? { outcome: 'claimed', idx: one.idx, messageId: one.messageId, userId: '', address: '' } : one,
    );

  const someAttempts = fc.array(fc.constantFrom(...points), { minLength: 1, maxLength: 6 });

  it('send no message twice and lose none: what nobody can know is uncertain, and settled by the provider', async () => {
    let uncertain = 0;
    await fc.assert(
      fc.asyncProperty(someAttempts, async (attempts) => {
        const { sent, tenantId, step } = await story(attempts, 'ledger');
        assert.ok(
          [...sent.values()].every((times) => times === 1),
          JSON.stringify([...sent]),
        );
        await takeProviderEvents(
          database,
          tenantId,
          'sendgrid',
          [...sent.keys()].map((messageId) => event(messageId, 'delivered')),
        );
        for (const one of await claim(step)) {
          if (one.outcome === 'uncertain') uncertain += 1;
          else assert.ok(one.outcome === 'done' && one.status === 'delivered' && sent.has(one.messageId), JSON.stringify(one));
          assert.ok(one.outcome === 'done' || !sent.has(one.messageId), 'what the provider told is not uncertain');
        }
      }),
      { numRuns: 60, seed: 7 },
    );
    assert.ok(uncertain > 0, 'no story left anything uncertain: they are too tame');
  });

  it('would send some twice if they sent first and recorded later', async () => {
    const { sent } = await story(['sent', 'sent', 'lives'], 'send first');
    assert.ok([...sent.values()].some((times) => times > 1));
  });
});
