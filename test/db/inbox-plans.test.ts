import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openDatabase, type Database } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { inboxesOf } from '../harness/inbox.js';
import { AT } from '../harness/ledger.js';
import { readerOf } from '../harness/rows-read.js';

let database: TestDatabase;
/** One session, which keeps its plans. */
let session: Database;
before(async () => {
  database = await createTestDatabase();
  session = openDatabase(database.url, { applicationName: 'test', maxConnections: 1 });
});
after(async () => {
  await session.close();
  await database.drop();
});

const MEMBERS = 500;

describe('the work of an in-app message', () => {
  it('is a few rows in the last batch, by plans that were made while the tables were empty', async () => {
    const small = await inboxesOf(database).prepared(1);
    // After five times a session keeps a plan for all values.
    for (let time = 1; time <= 10; time += 1) await rowsRead({ ...small.step, stepKey: time });
    const { step } = await inboxesOf(database).prepared(5_000);
    for (let batch = 0; batch < 10; batch += 1) few(await rowsRead(batchOf(step, batch)));
  });

  it('is so too when statistics have come', async () => {
    const { step } = await inboxesOf(database).prepared(5_000);
    await database.admin.query('vacuum analyze users, journeys, messages, calls, provider_events, inboxes, inbox_items');
    for (const batch of [0, 9]) few(await rowsRead(batchOf(step, batch)));
  });
});

const batchOf = (step: StepOfBatch, batch: number): StepOfBatch => ({
  ...step,
  batch,
  members: Array.from({ length: MEMBERS }, (_, idx) => idx),
});

function few(read: Readonly<Record<string, number>>): void {
  for (const [what, rows] of Object.entries(read)) assert.ok(rows >= 1 && rows <= 25, `${what} reads ${rows} rows a message`);
}

/** How many rows of all tables were read for each message: from its claim to the inbox, and when one user reads and acts. */
async function rowsRead({ tenantId, campaignId, stepKey, batch, members }: StepOfBatch): Promise<Readonly<Record<string, number>>> {
  const call = randomUUID();
  const client = await session.pool.connect();
  const reading = readerOf(client, members.length);
  const alone = readerOf(client, 1);
  try {
    await client.query('begin');
    const claims = await reading(
      `select message_id as id from claim_messages($1, $2, $3, 'in_app', $4, $5, $6, $7, $8) where outcome = 'claimed'`,
      [tenantId, campaignId, stepKey, ADDRESS_KEY, batch, members, call, AT],
    );
    const items = JSON.stringify(claims.rows.map(({ id }) => [Number(id), 'Hello', '', null, {}]));
    const delivery = await reading(`select message_id as id from deliver_to_inboxes($1, $2, $3, $4, $5) where status = 'delivered'`, [
      tenantId,
      call,
      items,
      ADDRESS_KEY,
      AT,
    ]);
    assert.deepEqual([claims.rows.length, delivery.rows.length], [members.length, members.length]);
    const person = `u${batch * MEMBERS + members.length}`;
    const list = await alone(`select 1 as done from read_inbox($1, $2, 'all', null, 20)`, [tenantId, person]);
    const mark = await alone(`select mark_inbox($1, $2, 'interacted', 1, 1000, 500, $3) as done`, [tenantId, person, AT]);
    assert.deepEqual([list.rows.length > 0, mark.rows[0]?.done], [true, 1]);
    await client.query('commit');
    return { claim: claims.perMessage, delivery: delivery.perMessage, list: list.perMessage, mark: mark.perMessage };
  } finally {
    client.release();
  }
}
