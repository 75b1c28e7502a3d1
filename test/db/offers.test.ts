import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import { openDatabase, type Database } from '../../db/client.js';
import { addCodes, countCodes, giveCodes, makeCodes } from '../../db/queries/offer-codes.js';
import type { OfferRow } from '../../db/queries/offers.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { BATCH } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, later, ledgerOf } from '../harness/ledger.js';
import { addOffer, TWENTY_OFF } from '../harness/offers.js';
import { readerOf } from '../harness/rows-read.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const userIdsOf = ({ batch, members }: StepOfBatch) => members.map((idx) => `u${batch * BATCH + idx + 1}`);
const give = (step: StepOfBatch, { offerId }: OfferRow, userIds = userIdsOf(step), at = AT, through: Database = database) =>
  through.withTenant(step.tenantId, (tx) => giveCodes(tx, step, { offerId, userIds, at }));
const counts = (offer: OfferRow) => database.withTenant(offer.tenantId as TenantId, (tx) => countCodes(tx, offer));
const batchOf = (step: StepOfBatch, batch: number, members: number): StepOfBatch => ({
  ...step,
  batch,
  members: Array.from({ length: members }, (_, idx) => idx),
});

/** Events as the intake stores them: [who, event, properties, money]. */
async function happen(tenantId: TenantId, events: readonly (readonly [string, string, object, number | null])[], minutes: number) {
  const ms = later(minutes).getTime();
  const sent = events.map(([user, event, properties, money], i) => [
    `${minutes}-${i}`,
    user,
    event,
    ms,
    properties,
    money,
    money === null ? null : 'USD',
  ]);
  await database.pool.query(`select ingest_events($1, array['2026-03-01'::date], '[]', $2, '[]', '[]')`, [tenantId, JSON.stringify(sent)]);
}

describe('codes of an offer', () => {
  it('are added once, and those that are left out are named', async () => {
    const tenantId = await database.newTenant();
    const spring = await addOffer(database, tenantId, ['A1', 'B2']);
    const autumn = await addOffer(database, tenantId, [], { key: 'autumn' });
    const add = (offer: OfferRow, codes: readonly string[]) => database.withTenant(tenantId, (tx) => addCodes(tx, offer, codes));
    assert.deepEqual(await add(spring, ['b2', 'C3', 'D4', 'c3']), [
      { code: 'b2', because: 'known' },
      { code: 'c3', because: 'twice' },
    ]);
    assert.deepEqual(await add(autumn, ['a1', 'E5']), [{ code: 'a1', because: 'other' }]);
    assert.deepEqual(await counts(spring), { codes: 4, free: 4, given: 0, redeemed: 0 });
    const theirs = await addOffer(database, await database.newTenant(), ['A1']);
    assert.equal((await counts(theirs)).codes, 1, "another tenant's code may be the same");
  });

  it('are made until there are enough, however many ask at once', async () => {
    const offer = await addOffer(database, await database.newTenant(), 10);
    const make = (inAll: number) =>
      database.withTenant(offer.tenantId as TenantId, (tx) => makeCodes(tx, { ...offer, pattern: '#####-#####' }, { inAll, randomBytes }));
    const made = await Promise.all([make(12_000), make(12_000), make(11_000)]);
    assert.equal(made.reduce((all, one) => all + one, 0), 11_990); // prettier-ignore
    assert.equal((await counts(offer)).codes, 12_000);
    assert.equal(await make(5), 0);
  });
});

describe('a code', () => {
  it("is one person's for their entry: again the same, and until its last day", async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(3);
    const offer = await addOffer(database, tenantId, 10);
    const first = await give(step, offer);
    assert.deepEqual([...first.keys()].sort(), ['u1', 'u2', 'u3']);
    assert.equal(new Set([...first.values()].map(({ code }) => code)).size, 3);
    assert.deepEqual([first.get('u1')?.lastDay, first.get('u1')?.daysLeft], ['2026-03-09', 7]);
    const again = await give({ ...step, stepKey: 2 }, offer, ['u1', 'u2'], later(6 * 24 * 60));
    assert.equal(again.get('u1')?.code, first.get('u1')?.code);
    assert.deepEqual([again.get('u1')?.lastDay, again.get('u1')?.daysLeft], ['2026-03-09', 1]);
    const late = await give(step, offer, ['u1'], later(8 * 24 * 60));
    assert.equal(late.get('u1')?.daysLeft, -1);
    assert.deepEqual(await give(step, offer, ['nobody']), new Map(), 'who is not in the batch gets none');
    const another = await addOffer(database, tenantId, 1, { key: 'free', words: { type: 'free_shipping' } });
    assert.deepEqual([...(await give(step, another, ['u1'])).values()].map(({ lastDay }) => lastDay), [null]); // prettier-ignore
  });

  it("goes back where its transaction does not end, and is nobody else's meanwhile", async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(2);
    const offer = await addOffer(database, tenantId, ['ONLY']);
    const killed = database.withTenant(tenantId, async (tx) => {
      assert.equal((await giveCodes(tx, step, { offerId: offer.offerId, userIds: ['u1'], at: AT })).get('u1')?.code, 'ONLY');
      await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`).catch(() => undefined);
      throw new Error('killed');
    });
    await assert.rejects(killed);
    assert.equal((await give(step, offer, ['u2'])).get('u2')?.code, 'ONLY');
    assert.equal((await give(step, offer, ['u1'])).size, 0);
  });

  it('is never given twice and never lost, however many take some at once', async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(8 * BATCH);
    const offer = await addOffer(database, tenantId, 8 * BATCH - 10);
    // Every batch is tried twice, at the same time.
    const tries = await Promise.all(Array.from({ length: 16 }, (_, i) => give(batchOf(step, i % 8, BATCH), offer)));
    for (let batch = 0; batch < 8; batch += 1) {
      const [one, other] = [tries[batch], tries[batch + 8]];
      for (const [user, { code }] of one ?? []) assert.equal(other?.get(user)?.code ?? code, code, user);
    }
    for (let batch = 0; batch < 8; batch += 1) await give(batchOf(step, batch, BATCH), offer);
    const { rows } = await database.admin.query(
      `select count(*)::int as given, count(distinct user_id)::int as people from offer_codes where tenant_id = $1 and user_id is not null`,
      [tenantId],
    );
    assert.deepEqual(rows, [{ given: 8 * BATCH - 10, people: 8 * BATCH - 10 }]);
    assert.equal((await counts(offer)).free, 0);
  });

  it('is redeemed by the first purchase that names it, in whatever spelling, and by nothing else', async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(2);
    const offer = await addOffer(database, tenantId, ['AAA', 'BBB', 'CCC', 'DDD', 'EEE']);
    await give(step, offer);
    await happen(tenantId, [['u1', 'coupon_entered', { coupon: 'AAA' }, null], ['u1', 'refund', { coupon: 'AAA' }, -100]], 1); // prettier-ignore
    assert.equal((await counts(offer)).redeemed, 0);
    await happen(
      tenantId,
      [
        ['u1', 'purchase', { coupon: ' aaa ' }, 1_000],
        ['u2', 'purchase', { coupon: 'AAA' }, 2_000],
        ['u2', 'purchase', { code: 'bbb' }, null],
        ['u2', 'booked', { products: [{ coupon: 'ccc' }, { coupon: null }] }, 500],
        ['u2', 'purchase', { coupon: 'unknown', code: { odd: true }, products: 'none' }, 500],
      ],
      2,
    );
    await happen(tenantId, [['u2', 'purchase', { coupon: 'AAA' }, 1_000]], 3);
    const { rows } = await database.admin.query(
      `select code, redeemed_with as with from offer_codes where tenant_id = $1 and redeemed_at is not null order by 1`,
      [tenantId],
    );
    assert.deepEqual(rows, [{ code: 'AAA', with: '2-0' }, { code: 'BBB', with: '2-2' }, { code: 'CCC', with: '2-3' }]); // prettier-ignore
    assert.deepEqual(await counts(offer), { codes: 5, free: 2, given: 2, redeemed: 3 }, 'what somebody has bought with is not given');
  });

  it('goes with its person to whom they become, and is nobody’s once they are deleted', async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(3);
    const offer = await addOffer(database, tenantId, ['A', 'B', 'C']);
    await give(step, offer);
    await database.pool.query(`select merge_users($1, 'u1', 'u9')`, [tenantId]);
    await database.pool.query(`select merge_users($1, 'u2', 'u9')`, [tenantId]);
    await database.pool.query(`select delete_user($1, 'u3')`, [tenantId]);
    const { rows } = await database.admin.query<{ who: string }>(
      `select regexp_replace(user_id, '/.*', '') as who from offer_codes where tenant_id = $1 order by code`,
      [tenantId],
    );
    assert.deepEqual(rows.map(({ who }) => who), ['u9', 'merged', 'deleted']); // prettier-ignore
    assert.equal((await give(step, offer, ['u3'])).size, 0);
  });
});

describe('the work of giving codes', () => {
  it('is a few rows for each person in the last batch, by plans that were made while the tables were empty', async () => {
    const session = openDatabase(database.url, { applicationName: 'test', maxConnections: 1 });
    try {
      const small = await ledgerOf(database).prepared(1);
      const one = await addOffer(database, small.tenantId, 20, { words: TWENTY_OFF });
      for (let time = 0; time < 10; time += 1) await give(small.step, one, ['u1'], AT, session);
      const { tenantId, step } = await ledgerOf(database).prepared(10 * BATCH);
      const offer = await addOffer(database, tenantId, 10 * BATCH);
      for (const batch of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        const client = await session.pool.connect();
        try {
          await client.query('begin');
          const { rows, perMessage } = await readerOf(client, BATCH)('select user_id as id from give_codes($1, $2, $3, $4, $5, $6)', [
            tenantId,
            offer.offerId,
            step.campaignId,
            batch,
            userIdsOf(batchOf(step, batch, BATCH)),
            AT,
          ]);
          await client.query('commit');
          assert.equal(rows.length, BATCH);
          assert.ok(perMessage <= 10, `batch ${batch} reads ${perMessage} rows for each person`);
        } finally {
          client.release();
        }
      }
    } finally {
      await session.close();
    }
  });
});
