import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, event, idsOf, later, ledgerOf, outcomes, reasons } from '../harness/ledger.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());
const ledger = () => ledgerOf(database);

const deny = (tenantId: TenantId, userId: string) =>
  database.admin.query(`update contacts set consent = 'denied' where tenant_id = $1 and user_id = $2`, [tenantId, userId]);
const suppress = (tenantId: TenantId, address: string) =>
  database.admin.query(
    `insert into suppressions (tenant_id, channel, address_hash, reason) values ($1, 'email', hash_address($2, $1, 'email', $3), 'complained')`,
    [tenantId, ADDRESS_KEY, address],
  );
const readdress = (tenantId: TenantId, userId: string, address: string) =>
  database.admin.query('update contacts set address = $3 where tenant_id = $1 and user_id = $2', [tenantId, userId, address]);

const setStatus = (campaignId: number, status: string) =>
  database.admin.query('update outreach_campaigns set status = $2 where id = $1', [campaignId, status]);

describe('a claim', () => {
  it('gives each member an address and a message, and to nobody else the same', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    const first = claimed(await ledger().claim(step));
    assert.deepEqual(
      first.map(({ idx, userId, address }) => [idx, userId, address]),
      [
        [0, 'u1', 'u1@example.test'],
        [1, 'u2', 'u2@example.test'],
        [2, 'u3', 'u3@example.test'],
      ],
    );
    const twenty = await Promise.all(Array.from({ length: 20 }, () => ledger().claim(step)));
    const owners = twenty.flatMap(claimed);
    assert.ok(owners.every(({ messageId }) => idsOf(first).includes(messageId)));
    assert.equal((await ledger().messagesOf(tenantId)).length, 3);
  });

  it('is taken over where its call never began, and uncertain where it had', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    const [slow, dead, next] = [randomUUID(), randomUUID(), randomUUID()];
    const slept = await ledger().claim({ ...step, members: [0] }, slow);
    const died = await ledger().claim({ ...step, members: [1] }, dead);
    assert.ok(await ledger().begin(tenantId, dead, died));
    const taken = await ledger().claim(step, next);
    assert.deepEqual(outcomes(taken), ['claimed', 'uncertain']);
    assert.equal(await ledger().begin(tenantId, slow, slept), undefined, 'who wakes up late stops');
    assert.deepEqual(await ledger().begin(tenantId, next, taken), idsOf(slept));
  });

  it('that is taken over is judged again, by what is true now', async () => {
    const { tenantId, step } = await ledger().prepared(4);
    await ledger().claim(step);
    await deny(tenantId, 'u1');
    await suppress(tenantId, 'u2@example.test');
    await readdress(tenantId, 'u3', 'new@example.test');
    const again = await ledger().claim(step);
    assert.deepEqual(reasons(again), ['no consent', 'complained', 'claimed', 'claimed']);
    const [, , moved] = again;
    assert.equal(moved?.outcome === 'claimed' && moved.address, 'new@example.test');
    await ledger().take(tenantId, [event(moved?.messageId ?? 0, 'complained')]);
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 2 })), ['no consent', 'complained', 'complained', 'claimed']);
  });

  it('never gives two messages of a step to one address, whichever of them got it later', async () => {
    const { tenantId, step } = await ledger().prepared(4);
    await ledger().claim({ ...step, members: [0] });
    await ledger().claim({ ...step, members: [1, 2, 3] });
    for (const userId of ['u2', 'u3', 'u4']) await readdress(tenantId, userId, userId === 'u2' ? 'u1@example.test' : 'shared@example.test');
    const again = await ledger().claim({ ...step, members: [1, 2, 3] });
    assert.deepEqual(reasons(again), ['same address', 'claimed', 'same address']);
  });

  it('waits while its campaign is paused, and writes nothing', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    await setStatus(step.campaignId, 'paused');
    assert.deepEqual(outcomes(await ledger().claim(step)), ['paused', 'paused']);
    assert.deepEqual(await ledger().messagesOf(tenantId), []);
    await setStatus(step.campaignId, 'running');
    assert.deepEqual(outcomes(await ledger().claim(step)), ['claimed', 'claimed']);
  });

  it('is not made any more when its campaign was cancelled, nor taken over', async () => {
    const { step } = await ledger().prepared(3);
    await ledger().claim({ ...step, members: [0, 1] });
    await setStatus(step.campaignId, 'cancelled');
    assert.deepEqual(reasons(await ledger().claim(step)), ['cancelled', 'cancelled', 'cancelled']);
  });

  it('of who was sent to is settled, and says how', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await ledger().begin(tenantId, call, claims);
    await ledger().answerAll(tenantId, call, claims);
    assert.deepEqual(
      (await ledger().claim(step)).map((one) => one.outcome === 'done' && one.status),
      ['sent', 'sent'],
    );
  });

  it('is none of who has no address, has said no, is suppressed, was deleted, or shares an address', async () => {
    const { tenantId, step } = await ledger().prepared(7);
    await database.admin.query(`delete from contacts where tenant_id = $1 and user_id = 'u1'`, [tenantId]);
    await deny(tenantId, 'u2');
    await suppress(tenantId, ' U3@Example.test');
    await database.pool.query(`select delete_user($1, 'u4')`, [tenantId]);
    await readdress(tenantId, 'u5', 'U6@example.test');
    await database.pool.query(`select merge_users($1, 'u7', 'u1')`, [tenantId]);
    const claims = await ledger().claim(step);
    assert.deepEqual(reasons(claims), ['claimed', 'no consent', 'complained', 'deleted', 'claimed', 'same address', 'merged']);
    const [, , , fourth] = await ledger().messagesOf(tenantId);
    assert.match(fourth?.user_id ?? '', /^deleted\//);
    assert.equal(claimed(await ledger().claim(step, randomUUID())).length, 2, 'nothing new');
  });

  it('that was deferred waits until it is due, and is judged again then', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await ledger().begin(tenantId, call, claims);
    await ledger().deferAll(tenantId, call, claims, later(5));
    const early = await ledger().claim(step, randomUUID(), later(4));
    assert.deepEqual(
      early.map((one) => one.outcome === 'waiting' && one.dueAt.toISOString()),
      [later(5).toISOString(), later(5).toISOString()],
    );
    await deny(tenantId, 'u2');
    assert.deepEqual(reasons(await ledger().claim(step, randomUUID(), later(5))), ['claimed', 'no consent']);
  });

  it('belongs to its batch: another one that has the same user by a merge gets nothing', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    await database.admin.query(`insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id) values ($1, $2, 1, 0, 1, 'u2')`, [
      tenantId,
      step.campaignId,
    ]);
    await ledger().claim(step);
    await database.admin.query(`update messages set user_id = 'u2' where tenant_id = $1`, [tenantId]);
    assert.deepEqual(reasons(await ledger().claim({ ...step, batch: 1 })), ['merged']);
  });
});

describe('a call that begins', () => {
  it('leaves out who has said no since the claim, was deleted or has no address any more', async () => {
    const { tenantId, step } = await ledger().prepared(5);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await deny(tenantId, 'u1');
    await suppress(tenantId, 'u2@example.test');
    await database.pool.query(`select delete_user($1, 'u3')`, [tenantId]);
    await database.admin.query(`delete from contacts where tenant_id = $1 and user_id = 'u4'`, [tenantId]);
    assert.deepEqual(await ledger().begin(tenantId, call, claims), idsOf(claims.slice(4)));
    assert.deepEqual(reasons(await ledger().claim(step)), ['no consent', 'complained', 'deleted', 'no address', 'uncertain']);
  });

  it('does not write to an address that its user has given up: the new one is claimed at once', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await readdress(tenantId, 'u1', 'new@example.test');
    assert.deepEqual(await ledger().begin(tenantId, call, claims), []);
    const [again] = await ledger().claim(step);
    assert.equal(again?.outcome === 'claimed' && again.address, 'new@example.test');
  });

  it('may begin again where its answer got lost, although others have found it meanwhile', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await ledger().begin(tenantId, call, claims);
    assert.deepEqual(outcomes(await ledger().claim(step)), ['uncertain', 'uncertain']);
    await suppress(tenantId, 'u2@example.test');
    assert.deepEqual(await ledger().begin(tenantId, call, claims), idsOf(claims.slice(0, 1)));
    await ledger().answerAll(tenantId, call, claims.slice(0, 1), 'uncertain');
    assert.deepEqual(await ledger().begin(tenantId, call, claims), [], 'not after it was answered');
  });

  it('leaves out what its provider has told to be delivered since the claim', async () => {
    const { tenantId, step } = await ledger().prepared(1);
    const [first, second] = [randomUUID(), randomUUID()];
    const claims = await ledger().claim(step, first);
    await ledger().begin(tenantId, first, claims);
    await ledger().deferAll(tenantId, first, claims, AT);
    const again = await ledger().claim(step, second);
    assert.deepEqual(outcomes(again), ['claimed']);
    await ledger().take(tenantId, [event(again[0]?.messageId ?? 0, 'delivered')]);
    assert.deepEqual(await ledger().begin(tenantId, second, again), []);
  });
});
