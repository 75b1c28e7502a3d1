import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openDatabase, type Database } from '../../db/client.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { readerOf } from '../harness/rows-read.js';
import { socialStep } from '../harness/social.js';

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

type Prepared = Awaited<ReturnType<typeof socialStep>>;

describe('the work of a social message', () => {
  it('is a few rows in the last batch, by plans that were made while the tables were empty', async () => {
    const small = await socialStep(database, 'messenger', 1);
    // After five times a session keeps a plan for all values.
    for (let time = 1; time <= 10; time += 1) await rowsRead(small, time, 0, 1);
    const large = await socialStep(database, 'messenger', 5_000);
    for (let batch = 0; batch < 10; batch += 1) few(await rowsRead(large, 1, batch, 500));
    await database.admin.query(
      'vacuum analyze users, contacts, journeys, messages, calls, texts, provider_events, replies, social_comments',
    );
    for (const batch of [0, 9]) few(await rowsRead(large, 2, batch, 500));
  });
});

function few(read: Readonly<Record<string, number>>): void {
  for (const [what, rows] of Object.entries(read)) assert.ok(rows >= 1 && rows <= 25, `${what} reads ${rows} rows a message`);
}

/** How many rows of all tables were read for each message: from its claim to its call, and when one person writes and has read. */
async function rowsRead({ tenantId, step, addresses }: Prepared, stepKey: number, batch: number, members: number) {
  const call = randomUUID();
  const at = new Date();
  const client = await session.pool.connect();
  const [reading, alone] = [readerOf(client, members), readerOf(client, 1)];
  try {
    await client.query('begin');
    await client.query(`select set_config('app.social_provider', 'messenger', true)`);
    const idxs = Array.from({ length: members }, (_, idx) => idx);
    const claims = await reading(
      `select message_id as id from claim_messages($1, $2, $3, 'social', $4, $5, $6, $7, $8) where outcome = 'claimed' order by idx`,
      [tenantId, step.campaignId, stepKey, ADDRESS_KEY, batch, idxs, call, at],
    );
    const ids = claims.rows.map(({ id }) => Number(id));
    const whom = addresses.slice(batch * 500, batch * 500 + members);
    const windows = await reading(`select message_id as id from open_windows($1, $2, $3, $4, $4) where is_open`, [
      tenantId,
      ids,
      whom,
      new Date(0),
    ]);
    const own = ids.map(() => randomUUID());
    await client.query('select part_claims($1, $2, $3, $4)', [tenantId, call, own, ids]);
    const said = ids.map(() => Buffer.from('x'));
    const begun = await reading(
      `select message_id as id from begin_socials($1, $2, $3, $4, $5, $6, 'messenger', $7) where status = 'claimed'`,
      [tenantId, own, ids, ADDRESS_KEY, at, said, ids.map(() => null)],
    );
    const told = JSON.stringify(ids.map((id, i) => [own[i], id, 'sent', null, null, `m_${id}`, null, at.getTime()]));
    await client.query('select answer_own_calls($1, $2)', [tenantId, told]);
    const person = whom.at(-1);
    const unread = await alone('select message_id as id from find_unread($1, $2, $3, $4)', [
      tenantId,
      ADDRESS_KEY,
      person,
      new Date(Date.now() + 60_000),
    ]);
    const reply = await alone(
      `select message_id as id from take_social_reply($1, 'messenger', $2, $3, $4, null, null, $5, $6) where is_new`,
      [tenantId, randomUUID(), ADDRESS_KEY, person, Buffer.from('x'), at],
    );
    assert.deepEqual([ids.length, windows.rows.length, begun.rows.length], [members, members, members]);
    assert.deepEqual([unread.rows.length > 0, reply.rows[0]?.id], [true, String(ids.at(-1))]);
    await client.query('commit');
    const each = { claim: claims.perMessage, windows: windows.perMessage, beginning: begun.perMessage };
    return { ...each, unread: unread.perMessage, reply: reply.perMessage };
  } finally {
    client.release();
  }
}
