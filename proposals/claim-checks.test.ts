import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { recordConsent } from '../../db/queries/consent.js';
import { setSendingCap, type SendingCap } from '../../db/queries/sending-caps.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, later, ledgerOf, outcomes, reasons } from '../harness/ledger.js';
import { columnsOf } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());
const L = () => ledgerOf(database);
const cap = (tenantId: TenantId, most: number, spanMinutes: number, priority = 0) =>
  database.withTenant(tenantId, (tx) => setSendingCap(tx, tenantId, { capKey: 'c', channel: 'all', most, spanMinutes, priority } satisfies SendingCap));
const times = (tenantId: TenantId) => columnsOf(database, 'select user_id, cardinality(times) as n from recent_sends where tenant_id = $1 order by 1', tenantId);

describe('checks', () => {
  it('caps: deferred until, then claimed; failed gives back; takeover keeps one', async () => {
    const { tenantId, step } = await L().prepared(3);
    await cap(tenantId, 1, 100);
    const call = randomUUID();
    assert.deepEqual(outcomes(await L().claim(step, call)), ['claimed', 'claimed', 'claimed']);
    const again = randomUUID();
    assert.deepEqual(outcomes(await L().claim(step, again, later(1))), ['claimed', 'claimed', 'claimed'], 'taken over, not over the cap by itself');
    assert.deepEqual(await times(tenantId), [1, 2, 3].map((n) => ({ user_id: `u${n}`, n: 1 })));
    const second: StepOfBatch = { ...step, stepKey: 'second' };
    const held = await L().claim(second, randomUUID(), later(2));
    assert.deepEqual(held.map((o) => o.outcome === 'waiting' && o.dueAt.toISOString()), [1, 2, 3].map(() => later(101).toISOString()));
    const claims = claimed(await L().claim(step, again, later(3)));
    await L().begin(tenantId, again, claims);
    await L().tell(tenantId, again, [{ messageId: claims[0]!.messageId, status: 'failed', reason: 'x' }, { messageId: claims[1]!.messageId, status: 'sent' }, { messageId: claims[2]!.messageId, status: 'uncertain', reason: 'y' }]);
    assert.deepEqual(await times(tenantId), [0, 1, 1].map((n, i) => ({ user_id: `u${i + 1}`, n })));
    const due = await L().claim(second, randomUUID(), later(101));
    assert.deepEqual(outcomes(due), ['claimed', 'claimed', 'claimed']);
  });
  it('sms needs consent; begin_call judges again; refunds', async () => {
    const { tenantId, step } = await L().prepared(3);
    await cap(tenantId, 5, 100);
    await database.admin.query(`insert into contacts (tenant_id, user_id, channel, address) select tenant_id, user_id, 'sms', '+1212555010' || right(user_id, 1) from users where tenant_id = $1`, [tenantId]);
    const sms: StepOfBatch = { ...step, channel: 'sms' };
    const word = (n: number, action: 'granted' | 'withdrawn') => ({ channel: 'sms' as const, address: `+1212555010${n}`, source: 't', at: action === 'granted' ? later(-9) : later(-1), ...(action === 'granted' ? { action, basis: 'consent' as const } : { action }) });
    await recordConsent(database, tenantId, [word(1, 'granted'), word(2, 'granted')], { addressKey: ADDRESS_KEY, at: AT });
    const call = randomUUID();
    const first = await L().claim(sms, call);
    assert.deepEqual(reasons(first), ['claimed', 'claimed', 'no consent']);
    await recordConsent(database, tenantId, [word(1, 'withdrawn')], { addressKey: ADDRESS_KEY, at: AT });
    const sent = await L().begin(tenantId, call, claimed(first));
    assert.deepEqual(sent, [claimed(first)[1]!.messageId]);
    assert.deepEqual(await times(tenantId), [{ user_id: 'u1', n: 0 }, { user_id: 'u2', n: 1 }]);
  });
  it('quiet hours defer without taking a place', async () => {
    const { tenantId, step } = await L().prepared(3);
    await cap(tenantId, 1, 100);
    const q = (at: Date, waits: (Date | string | null)[]) => database.pool.query(`select idx, outcome, status, reason, due_at from claim_messages($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) order by idx`, [tenantId, step.campaignId, step.stepKey, 'email', ADDRESS_KEY, 0, [0, 1, 2], randomUUID(), at, waits]).then(({ rows }) => rows as any[]);
    const rows = await q(AT, [null, later(60), 'infinity']);
    assert.deepEqual(rows.map((r) => [r.outcome, r.reason]), [['claimed', null], ['waiting', 'quiet hours'], ['done', 'no allowed hours']]);
    assert.deepEqual(await times(tenantId), [{ user_id: 'u1', n: 1 }]);
    assert.equal((await q(later(60), [null, null, null]))[1].outcome, 'claimed');
    const places = await database.pool.query('select * from places_of_members($1,$2,$3,$4,$5)', [tenantId, step.campaignId, 'email', 0, [0, 1]]);
    assert.equal(places.rowCount, 2);
  });
  it.skip('rows read and time, with everything on', async () => {
    for (const on of [false, true]) {
      const { tenantId, step } = await L().prepared(20_000);
      if (on) {
        await cap(tenantId, 5, 100);
        for (let i = 0; i < 20_000; i += 2000) await recordConsent(database, tenantId, Array.from({ length: 2000 }, (_, n) => ({ channel: 'email' as const, address: `u${i + n + 1}@example.test`, source: 't', action: 'granted' as const, basis: 'consent' as const, at: later(-5) })), { addressKey: ADDRESS_KEY, at: AT });
      }
      const claim = (client: any, batch: number, stepKey: string) => client.query(`select from claim_messages($1, $2, $3, 'email', $4, $5, $6, $7, $8) where outcome = 'claimed'`, [tenantId, step.campaignId, stepKey, ADDRESS_KEY, batch, Array.from({ length: 500 }, (_, idx) => idx), randomUUID(), AT]);
      const client = await database.admin.connect();
      await claim(client, 0, 'welcome');
      await client.query('vacuum analyze users, contacts, journeys, messages, calls, consents, recent_sends');
      for (const batch of [1, 39]) {
        await client.query('begin');
        const read = async () => Number((await client.query(`select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 as n from pg_stat_xact_user_tables where schemaname = 'madansara_analytics'`)).rows[0].n);
        const b = await read();
        await claim(client, batch, 'welcome');
        console.error(on ? 'all checks on' : 'as it was', batch, ((await read()) - b) / 500, 'rows a message');
        await client.query('commit');
      }
      const t = performance.now();
      for (let batch = 2; batch < 32; batch += 1) await claim(client, batch, 'welcome');
      console.error(on ? 'all checks on' : 'caps and consent rows absent', ((performance.now() - t) / 15_000 * 1000).toFixed(1), 'µs a message claimed');
      client.release();
    }
  });
});
