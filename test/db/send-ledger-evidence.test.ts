import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addCampaign } from '../harness/campaigns.js';
import { claimed, countsOf, event, idsOf, later, ledgerOf, reasons } from '../harness/ledger.js';
import { columnsOf } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());
const ledger = () => ledgerOf(database);

const KINDS = ['sent', 'delivered', 'opened', 'clicked', 'replied', 'bounced', 'dropped', 'complained', 'unsubscribed'] as const;

describe('what a provider tells', () => {
  it('moves a message forward only, each event once, in whatever order', async () => {
    const kinds = fc.shuffledSubarray(['sent', 'delivered', 'opened', 'clicked', 'replied'] as const, { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(fc.nat({ max: 4 }), { maxLength: 5 }), async (order, repeats) => {
        const { tenantId, step } = await ledger().prepared(1);
        const [one] = claimed(await ledger().claim(step));
        assert.ok(one);
        const told = order.map((kind) => event(one.messageId, kind));
        const all = [...told, ...repeats.map((i) => told[i % told.length] ?? told[0])].filter((each) => each !== undefined);
        let taken = 0;
        for (const each of all) taken += await ledger().take(tenantId, [each]);
        assert.equal(taken, order.length);
        const furthest = (['replied', 'clicked', 'opened', 'delivered', 'sent'] as const).find((kind) => order.includes(kind));
        assert.deepEqual(await ledger().messagesOf(tenantId), [{ user_id: 'u1', status: furthest, reason: null }]);
      }),
      { numRuns: 30 },
    );
  });

  it('makes the same of a message, one event after the other or all at once, before the answer or after it', async () => {
    const kinds = fc.shuffledSubarray([...KINDS], { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.nat({ max: 5 }), async (order, answeredAfter) => {
        const { tenantId, step } = await ledger().prepared(2);
        const call = randomUUID();
        const claims = claimed(await ledger().claim(step, call));
        const [single, together] = idsOf(claims);
        assert.ok(single && together);
        for (const [i, kind] of order.entries()) {
          if (i === answeredAfter) await ledger().answerAll(tenantId, call, claims);
          await ledger().take(tenantId, [event(single, kind, { at: later(-1) })]);
        }
        await ledger().take(
          tenantId,
          order.map((kind) => event(together, kind, { at: later(-1) })),
        );
        await ledger().answerAll(tenantId, call, claims);
        const [a, b] = await columnsOf(
          database,
          `select status, reason is null as has_no_reason, sent_at, delivered_at, opened_at, clicked_at, replied_at from messages where tenant_id = $1 order by idx`,
          tenantId,
        );
        assert.deepEqual(a, b);
      }),
      { numRuns: 40 },
    );
  });

  it('settles what was uncertain, and stays when the answer comes after it', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await ledger().begin(tenantId, call, claims);
    await ledger().claim(step, randomUUID());
    const [first] = claimed(claims);
    assert.ok(first);
    await ledger().take(tenantId, [event(first.messageId, 'delivered')]);
    assert.deepEqual(await ledger().messagesOf(tenantId), [
      { user_id: 'u1', status: 'delivered', reason: null },
      { user_id: 'u2', status: 'uncertain', reason: null },
    ]);
    await ledger().deferAll(tenantId, call, claims.slice(0, 1), later(5));
    await ledger().answerAll(tenantId, call, claims);
    assert.deepEqual(
      (await ledger().messagesOf(tenantId)).map(({ status }) => status),
      ['delivered', 'sent'],
    );
  });

  it('of a machine that opened shows a delivery alone; of a bounce or a complaint, that nothing more may be sent', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    const [opened = 0, bounced = 0, complained = 0] = idsOf(await ledger().claim(step));
    await ledger().take(tenantId, [
      event(opened, 'opened', { byMachine: true }),
      event(bounced, 'bounced'),
      event(complained, 'delivered'),
      event(complained, 'complained'),
    ]);
    assert.deepEqual(await ledger().messagesOf(tenantId), [
      { user_id: 'u1', status: 'delivered', reason: null },
      { user_id: 'u2', status: 'failed', reason: 'bounced' },
      { user_id: 'u3', status: 'delivered', reason: null },
    ]);
    assert.deepEqual(reasons(await ledger().claim({ ...step, stepKey: 2 })), ['claimed', 'bounced', 'complained']);
  });

  it('is believed of a message that the ledger calls suppressed, or waiting', async () => {
    const { tenantId, step } = await ledger().prepared(2);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    await database.admin.query(`update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'u1'`, [tenantId]);
    await ledger().begin(tenantId, call, claims);
    await ledger().deferAll(tenantId, call, claims, later(5));
    assert.deepEqual(
      (await ledger().messagesOf(tenantId)).map(({ status }) => status),
      ['suppressed', 'deferred'],
    );
    await ledger().take(
      tenantId,
      idsOf(claims).map((id) => event(id, 'delivered')),
    );
    assert.deepEqual(
      (await ledger().claim(step, randomUUID(), later(6))).map((one) => one.outcome === 'done' && one.status),
      ['delivered', 'delivered'],
    );
  });

  it('of a message that is not there, or is another tenant’s, changes nothing', async () => {
    const [ours, theirs] = [await ledger().prepared(1), await ledger().prepared(1)];
    const [one] = claimed(await ledger().claim(theirs.step));
    assert.equal(await ledger().take(ours.tenantId, [event(one?.messageId ?? 0, 'opened', { eventId: 'x' })]), 0);
    assert.deepEqual(await ledger().messagesOf(theirs.tenantId), [{ user_id: 'u1', status: 'claimed', reason: null }]);
  });
});

describe('the counters of campaigns', () => {
  it('equal a recount, whatever is told of their messages, answers and events crossing each other and coming again', async () => {
    const { tenantId, step } = await ledger().prepared(6);
    const { campaignId } = await addCampaign(database, tenantId, 6);
    const calls = [randomUUID(), randomUUID()] as const;
    const claims = [await ledger().claim(step, calls[0]), await ledger().claim({ ...step, campaignId }, calls[1])] as const;
    const ids = claims.flatMap(idsOf);
    const anEvent = fc.record({ at: fc.nat({ max: 11 }), kind: fc.constantFrom(...KINDS), byMachine: fc.boolean() });
    const told = fc.array(fc.array(anEvent, { minLength: 1, maxLength: 8 }), { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(told, async (batches) => {
        await Promise.all([
          ...batches.map((batch) =>
            ledger().take(
              tenantId,
              batch.map(({ at, kind, byMachine }) => event(ids[at] ?? 0, kind, { byMachine: byMachine && kind === 'opened' })),
            ),
          ),
          ledger().answerAll(tenantId, calls[0], claims[0]),
          ledger().answerAll(tenantId, calls[1], claims[1]),
        ]);
        const { kept, recounted } = await countsOf(database, tenantId);
        assert.deepEqual(kept, recounted);
        assert.deepEqual(
          kept.map(({ sent }) => sent),
          [6, 6],
        );
      }),
      { numRuns: 15 },
    );
    const { kept } = await countsOf(database, tenantId);
    assert.ok(kept.every(({ delivered, opened, clicked }) => delivered >= opened && opened >= clicked && clicked > 0));
  });

  it('count who clicked as one who opened, and no machine', async () => {
    const { tenantId, step } = await ledger().prepared(3);
    const [clicked = 0, machine = 0, bounced = 0] = idsOf(await ledger().claim(step));
    await ledger().take(tenantId, [event(clicked, 'clicked'), event(machine, 'opened', { byMachine: true }), event(bounced, 'bounced')]);
    const { kept } = await countsOf(database, tenantId);
    assert.deepEqual(kept, [{ sent: 3, delivered: 2, opened: 1, clicked: 1 }]);
  });

  it('wait for each other, and never in a circle, when many batches tell of the same messages in other orders', async () => {
    const { tenantId, step } = await ledger().prepared(40);
    const call = randomUUID();
    const claims = await ledger().claim(step, call);
    const ids = idsOf(claims);
    await ledger().begin(tenantId, call, claims);
    const batches = Array.from({ length: 24 }, (_, n) => {
      const turned = n % 2 === 0 ? ids.slice(n).concat(ids.slice(0, n)) : ids.toReversed();
      return turned.map((id) => event(id, KINDS[n % 5] ?? 'sent', { eventId: `${n} ${id}` }));
    });
    const taken = await Promise.all([
      ...batches.map((batch) => ledger().take(tenantId, batch)),
      ledger().answerAll(tenantId, call, claims),
      ledger().claim(step),
    ]);
    assert.ok(taken.slice(0, 24).every((n) => n === 40));
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
  });
});
