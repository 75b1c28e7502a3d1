import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { openDatabase, type Database } from '../../db/client.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, ledgerOf } from '../harness/ledger.js';
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

type Work = {
  readonly tenantId: TenantId;
  readonly campaignId: number;
  readonly batch: number;
  readonly members: number;
  readonly step: string;
};

describe('the work of a claim, its call, its answer and its events', () => {
  it('is a few rows a message in the last batch, by plans that were made while the tables were empty', async () => {
    const small = await ledgerOf(database).prepared(1);
    // After five times a session keeps a plan for all values.
    for (let time = 1; time <= 10; time += 1)
      await rowsRead({ ...small, campaignId: small.step.campaignId, batch: 0, members: 1, step: `${time}` });
    const { tenantId, step } = await ledgerOf(database).prepared(10_000);
    for (let batch = 0; batch < 20; batch += 1)
      few(await rowsRead({ tenantId, campaignId: step.campaignId, batch, members: 500, step: '1' }));
  });

  it('is so too when statistics have come', async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(10_000);
    await database.admin.query('vacuum analyze users, contacts, journeys, messages, calls, provider_events');
    for (const batch of [1, 19]) few(await rowsRead({ tenantId, campaignId: step.campaignId, batch, members: 500, step: '1' }));
  });

  it('is so too where everybody has said something, was written to lately and is counted under caps', async () => {
    const { tenantId, step } = await ledgerOf(database).prepared(10_000);
    await database.admin.query(
      `insert into sending_caps (tenant_id, cap_key, channel, most, span) values ($1, 'week', 'all', 5, '7 days'), ($1, 'day', 'email', 3, '1 day')`,
      [tenantId],
    );
    await database.admin.query(
      `insert into consents (tenant_id, channel, topic, address_hash, state, basis, said_at)
       select $1, 'email', t, hash_address($2, $1, 'email', 'u' || n || '@example.test'), 'granted', 'consent', $3
       from generate_series(1, 10000) n, unnest(array['marketing', '*']) t`,
      [tenantId, ADDRESS_KEY, AT],
    );
    for (const round of ['1', '2']) {
      for (let batch = 0; batch < 20; batch += 1)
        few(await rowsRead({ tenantId, campaignId: step.campaignId, batch, members: 500, step: round }));
      await database.admin.query('vacuum analyze users, contacts, journeys, messages, calls, provider_events, consents, recent_sends');
    }
  });
});

function few(read: Readonly<Record<string, number>>): void {
  for (const [what, rows] of Object.entries(read)) {
    // Of what is told it is looked up whether a journey can use it.
    assert.ok(rows >= 2 && rows <= (what === 'events' ? 12 : 10), `${what} reads ${rows} rows a message`);
  }
}

/** How many rows of all tables were read for each message, from its claim to the news of its delivery. */
async function rowsRead({ tenantId, campaignId, batch, members, step }: Work): Promise<Readonly<Record<string, number>>> {
  const call = randomUUID();
  const client = await session.pool.connect();
  const reading = readerOf(client, members);
  try {
    await client.query('begin');
    const claims = await reading(
      `select message_id as id from claim_messages($1, $2, $3, 'email', $4, $5, $6, $7, $8) where outcome = 'claimed'`,
      [tenantId, campaignId, step, ADDRESS_KEY, batch, Array.from({ length: members }, (_, idx) => idx), call, AT],
    );
    const ids = claims.rows.map(({ id }) => Number(id));
    const beginning = await reading(`select message_id as id from begin_call($1, $2, $3, $4, $5) where status = 'claimed'`, [
      tenantId,
      call,
      ids,
      ADDRESS_KEY,
      AT,
    ]);
    const answers = JSON.stringify(ids.map((id) => [id, 'sent']));
    const answer = await reading('select answer_call($1, $2, $3, $4) as done', [tenantId, call, answers, AT]);
    const told = JSON.stringify(ids.map((id) => [`delivered ${id}`, id, 'delivered', AT.getTime()]));
    const events = await reading(`select take_provider_events($1, 'sendgrid', $2) as done`, [tenantId, told]);
    await client.query('commit');
    const done = [ids.length, beginning.rows.length, answer.rows[0]?.done, events.rows[0]?.done];
    assert.deepEqual(done, [members, members, members, members]);
    return { claim: claims.perMessage, beginning: beginning.perMessage, answer: answer.perMessage, events: events.perMessage };
  } finally {
    client.release();
  }
}
