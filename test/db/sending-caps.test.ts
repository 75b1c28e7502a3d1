import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import {
  listSendingCaps,
  refundCap,
  removeSendingCap,
  setSendingCap,
  spendCap,
  type SendingCap,
  type Spending,
} from '../../db/queries/sending-caps.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, columnsOf } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const minute = (minutes: number) => new Date(START.getTime() + minutes * 60_000);
const cap = (capKey: string, channel: SendingCap['channel'], most: number, spanMinutes: number, priority = 0): SendingCap => ({
  capKey,
  channel,
  most,
  spanMinutes,
  priority,
});
async function tenantWith(...caps: readonly SendingCap[]): Promise<TenantId> {
  const tenantId = await database.newTenant();
  await database.withTenant(tenantId, async (tx) => {
    for (const one of caps) await setSendingCap(tx, tenantId, one);
  });
  return tenantId;
}
const spend = (tenantId: TenantId, at: number, changes: Partial<Spending> = {}) =>
  spendCap(database, tenantId, { userIds: ['u1'], channel: 'email', at: minute(at), ...changes });
const over = (capKey: string, until: number, place = 0) => ({ place, capKey, until: minute(until) });

describe('a cap', () => {
  it('holds one message too many, until the first of the others is old enough', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 2, 100));
    assert.deepEqual(await spend(tenantId, 0), []);
    assert.deepEqual(await spend(tenantId, 10), []);
    assert.deepEqual(await spend(tenantId, 20), [over('weekly', 100)]);
    assert.deepEqual(await spend(tenantId, 99), [over('weekly', 100)]);
    assert.deepEqual(await spend(tenantId, 100), []);
    assert.deepEqual(await spend(tenantId, 105), [over('weekly', 110)]);
    assert.deepEqual(await spend(tenantId, 105, { userIds: ['u2'] }), [], 'each person for themselves');
  });

  it('of a channel counts that channel, and one over all counts all', async () => {
    const tenantId = await tenantWith(cap('all', 'all', 3, 100), cap('texts', 'sms', 1, 200));
    assert.deepEqual(await spend(tenantId, 0, { channel: 'sms' }), []);
    assert.deepEqual(await spend(tenantId, 1, { channel: 'sms' }), [over('texts', 200)]);
    assert.deepEqual(await spend(tenantId, 2), []);
    assert.deepEqual(await spend(tenantId, 3, { channel: 'push' }), []);
    assert.deepEqual(await spend(tenantId, 4), [over('all', 100)]);
    assert.deepEqual(await spend(tenantId, 4, { channel: 'sms' }), [over('texts', 200)], 'the one that takes longest');
  });

  it('lets messages of a higher priority pass, and counts them', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 1, 100, 3));
    assert.deepEqual(await spend(tenantId, 0, { priority: 4 }), []);
    assert.deepEqual(await spend(tenantId, 1, { priority: 3 }), [over('weekly', 100)]);
    assert.deepEqual(await spend(tenantId, 2, { priority: 4 }), []);
    assert.deepEqual(await spend(tenantId, 100, { priority: 0 }), [over('weekly', 102)]);
  });

  it('holds each of many by their place, and who stands among them twice as often as they do', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 2, 100));
    await spend(tenantId, 0, { userIds: ['u2'] });
    const userIds = ['u3', 'u2', 'u1', 'u2', 'u1', 'u1'];
    assert.deepEqual(await spend(tenantId, 5, { userIds }), [over('weekly', 100, 3), over('weekly', 105, 5)]);
    assert.deepEqual(await spend(tenantId, 5, { userIds: [] }), []);
  });

  it('counts a message again only when it was not given back', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 2, 100));
    await spend(tenantId, 0);
    await spend(tenantId, 10, { channel: 'sms' });
    const refund = (channel: MessageChannel, at: number) => refundCap(database, tenantId, channel, [{ userId: 'u1', at: minute(at) }]);
    await refund('email', 10);
    await refund('sms', 11);
    assert.deepEqual(await spend(tenantId, 20), [over('weekly', 100)], 'another channel, another moment: nothing of the kind was taken');
    await refund('sms', 10);
    await refund('sms', 10);
    assert.deepEqual(await spend(tenantId, 20), []);
    assert.deepEqual(await spend(tenantId, 21), [over('weekly', 100)]);
    await refundCap(database, tenantId, 'email', [{ userId: 'nobody', at: minute(0) }]);
    await refundCap(database, tenantId, 'email', []);
  });

  it('counts what was sent after the moment of a claim that comes late', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 1, 100));
    await spend(tenantId, 50);
    assert.deepEqual(await spend(tenantId, 0), [over('weekly', 150)]);
  });

  it('that is not there leaves no trace of anybody', async () => {
    const tenantId = await tenantWith(cap('texts', 'sms', 1, 100));
    assert.deepEqual(await spend(tenantId, 0), []);
    assert.deepEqual(await columnsOf(database, 'select from recent_sends where tenant_id = $1', tenantId), []);
    await database.withTenant(tenantId, (tx) => removeSendingCap(tx, tenantId, 'texts'));
    assert.deepEqual(await spend(tenantId, 0, { channel: 'sms' }), []);
    assert.deepEqual(await columnsOf(database, 'select from recent_sends where tenant_id = $1', tenantId), []);
  });

  it('forgets what it no longer needs', async () => {
    const tenantId = await tenantWith(cap('daily', 'all', 50, 60));
    for (let day = 0; day < 20; day += 1) await spend(tenantId, day * 1440);
    const [row] = (await columnsOf(database, 'select times from recent_sends where tenant_id = $1', tenantId)) as { times: Date[] }[];
    assert.ok(row && row.times.length <= 8, JSON.stringify(row));
  });

  it('is changed by its name, listed, and refused where it makes no sense', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 2, 100));
    const set = (one: SendingCap) => database.withTenant(tenantId, (tx) => setSendingCap(tx, tenantId, one));
    await set(cap('weekly', 'sms', 3, 7 * 1440, 2));
    assert.deepEqual(await database.withTenant(tenantId, (tx) => listSendingCaps(tx, tenantId)), [cap('weekly', 'sms', 3, 7 * 1440, 2)]);
    for (const [one, constraint] of [
      [cap('x', 'all', 0, 60), /most_check/],
      [cap('x', 'all', 1, 0), /span_check/],
      [cap('x', 'all', 1, 91 * 1440), /span_check/],
      [cap('x', 'fax' as MessageChannel, 1, 60), /channel_check/],
      [cap('Weekly cap', 'all', 1, 60), /cap_key_check/],
    ] as const) {
      await assert.rejects(set(one), (error: Error) => constraint.test(String(error.cause)));
    }
  });
});

describe('people under a cap', () => {
  it('who are merged have been sent what both were', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 2, 100));
    await addUsers(database, tenantId, 2);
    await spend(tenantId, 0, { userIds: ['u1', 'u2'] });
    await database.pool.query(`select merge_users($1, 'u1', 'u2')`, [tenantId]);
    assert.deepEqual(await spend(tenantId, 1, { userIds: ['u2'] }), [over('weekly', 100)]);
    assert.deepEqual(await columnsOf(database, 'select user_id from recent_sends where tenant_id = $1', tenantId), [{ user_id: 'u2' }]);
  });

  it('who are deleted leave nothing', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 2, 100));
    await addUsers(database, tenantId, 1);
    await spend(tenantId, 0);
    await database.pool.query(`select delete_user($1, 'u1')`, [tenantId]);
    assert.deepEqual(await columnsOf(database, 'select from recent_sends where tenant_id = $1', tenantId), []);
  });

  it('are those of one tenant', async () => {
    const [ours, theirs] = [await tenantWith(cap('weekly', 'all', 1, 100)), await tenantWith(cap('weekly', 'all', 1, 100))];
    await spend(ours, 0);
    assert.deepEqual(await spend(theirs, 0), []);
    const enter = database.withTenant(ours, (tx) => tx.execute(`select from spend_cap('${theirs}', '{u1}', 'email', now())`));
    await assert.rejects(enter, (error: Error) => /belongs to another tenant/.test(String(error.cause)));
  });
});

describe('many claims at once', () => {
  const channels = ['email', 'sms', 'push'] as const;
  const someCap = fc.record({
    capKey: fc.constantFrom('a', 'b', 'c'),
    channel: fc.constantFrom('all', ...channels),
    most: fc.integer({ min: 1, max: 4 }),
    spanMinutes: fc.integer({ min: 1, max: 90 }),
    priority: fc.constant(9),
  });
  const someClaim = fc.record({
    userIds: fc.array(fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5'), { minLength: 1, maxLength: 8 }),
    channel: fc.constantFrom(...channels),
    at: fc.nat(180).map(minute),
    isRefunded: fc.nat(5).map((n) => n === 0),
  });

  it('never send anybody more than a cap lets them within any span, and wait in no circle', async () => {
    let [held, sent] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(someCap, { minLength: 1, selector: ({ capKey }) => capKey }),
        fc.array(someClaim, { minLength: 6, maxLength: 24 }),
        async (caps, claims) => {
          const tenantId = await tenantWith(...caps);
          const sends: { userId: string; channel: MessageChannel; at: Date }[] = [];
          await Promise.all(
            claims.map(async ({ isRefunded, ...claim }) => {
              const late = new Set((await spendCap(database, tenantId, claim)).map(({ place }) => place));
              held += late.size;
              const taken = claim.userIds.filter((_, place) => !late.has(place)).map((userId) => ({ ...claim, userId }));
              if (isRefunded) await refundCap(database, tenantId, claim.channel, taken);
              else sends.push(...taken);
            }),
          );
          sent += sends.length;
          for (const { channel, most, spanMinutes, capKey } of caps) {
            for (const userId of ['u1', 'u2', 'u3', 'u4', 'u5']) {
              const counted = sends.filter((one) => one.userId === userId && (channel === 'all' || one.channel === channel));
              const times = counted.map(({ at }) => at.getTime()).sort((a, b) => a - b);
              times.forEach((time, i) => {
                const next = times[i + most];
                assert.ok(
                  next === undefined || next - time >= spanMinutes * 60_000,
                  `${capKey}: ${most + 1} within ${spanMinutes} minutes for ${userId}`,
                );
              });
            }
          }
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(held > 500 && sent > 500, `${held} held and ${sent} sent: too few to mean something`);
  });

  it('of two campaigns take the last place under a cap once', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 1, 100));
    const userIds = Array.from({ length: 200 }, (_, i) => `u${i}`);
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, i) => spend(tenantId, i, { userIds: i % 2 ? userIds : userIds.toReversed() })),
    );
    assert.equal(
      claims.reduce((sum, { length }) => sum + 200 - length, 0),
      200,
    );
  });
});

describe('the cost of caps', () => {
  it('is a row or two a person, in a large audience as in a small one', async () => {
    const tenantId = await tenantWith(cap('weekly', 'all', 3, 7 * 1440), cap('texts', 'sms', 1, 1440), cap('mails', 'email', 2, 1440));
    const everybody = Array.from({ length: 20_000 }, (_, i) => `u${i + 1}`);
    await spend(tenantId, 0, { userIds: everybody });
    await database.admin.query('vacuum analyze recent_sends');
    const rowsRead = async (statement: string, values: unknown[]): Promise<number> => {
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
        await client.query(statement, values);
        const after = await read();
        await client.query('commit');
        return (after - before) / 500;
      } finally {
        client.release();
      }
    };
    const batches = [everybody.slice(0, 500), everybody.slice(-500), everybody.map((id) => `new ${id}`).slice(0, 500)];
    for (const userIds of batches) {
      const claimed = await rowsRead('select from spend_cap($1, $2, $3, $4)', [tenantId, userIds, 'email', minute(10)]);
      assert.ok(claimed <= 4, `${claimed} to claim`);
      const given = await rowsRead('select refund_cap($1, $2, $3, $4)', [tenantId, userIds, 'email', userIds.map(() => minute(10))]);
      assert.ok(given > 0.9 && given <= 4, `${given} to give back`);
    }
  });
});
