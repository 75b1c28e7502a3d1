import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openDatabase, type Database } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { addCampaign, ADDRESS_KEY, firstStep } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
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

describe('the work of a push message', () => {
  it('is a few rows in the last batch, by plans that were made while the tables were empty', async () => {
    const small = await prepared(1);
    // After five times a session keeps a plan for all values.
    for (let time = 1; time <= 10; time += 1) await rowsRead({ ...small, stepKey: time });
    const step = await prepared(5_000);
    for (const batch of [0, 4, 9]) few(await rowsRead(batchOf(step, batch)));
  });

  it('is so too when statistics have come', async () => {
    const step = await prepared(5_000);
    await database.admin.query('vacuum analyze users, journeys, messages, calls, provider_events, push_devices, pushes');
    for (const batch of [0, 9]) few(await rowsRead(batchOf(step, batch)));
  });
});

/** Users with two devices each, in a campaign. */
async function prepared(users: number): Promise<StepOfBatch> {
  const tenantId = await database.newTenant();
  await database.admin.query(
    `with people as (select 'u' || n as id from generate_series(1, $2::int) n),
     added as (insert into users (tenant_id, user_id, first_seen) select $1, id, now() from people)
     insert into push_devices (tenant_id, user_id, endpoint, endpoint_hash, p256dh, auth, vapid_key, seen_at)
     select $1, id, 'https://push.example/' || id || d, sha256(convert_to($1::text || id || d, 'UTF8')), '', '', 'ours', now()
     from people, generate_series(1, 2) d`,
    [tenantId, users],
  );
  const { campaignId } = await addCampaign(database, tenantId, users);
  return { ...firstStep(tenantId, campaignId, users), channel: 'push' };
}

const batchOf = (step: StepOfBatch, batch: number): StepOfBatch => ({
  ...step,
  batch,
  members: Array.from({ length: MEMBERS }, (_, idx) => idx),
});

function few(read: Readonly<Record<string, number>>): void {
  for (const [what, rows] of Object.entries(read)) assert.ok(rows >= 1 && rows <= 25, `${what} reads ${rows} rows a message`);
}

/** How many rows of all tables were read for each message: from its claim to its report. */
async function rowsRead({ tenantId, campaignId, stepKey, batch, members }: StepOfBatch): Promise<Readonly<Record<string, number>>> {
  const call = randomUUID();
  const client = await session.pool.connect();
  const reading = readerOf(client, members.length);
  const alone = readerOf(client, 1);
  try {
    await client.query('begin');
    const claims = await reading(
      `select message_id as id from claim_messages($1, $2, $3, 'push', $4, $5, $6, $7, $8) where outcome = 'claimed'`,
      [tenantId, campaignId, stepKey, ADDRESS_KEY, batch, members, call, AT],
    );
    const ids = claims.rows.map(({ id }) => Number(id));
    const chosen = await reading(`select device_id as id from choose_push_devices($1, $2, 'ours') where because is null`, [tenantId, ids]);
    assert.deepEqual([ids.length, chosen.rows.length], [members.length, members.length]);
    const own = randomUUID();
    const [message, device] = [ids.at(-1), chosen.rows.at(-1)?.id];
    await client.query('select part_claims($1, $2, array[$3::uuid], array[$4::bigint])', [tenantId, call, own, message]);
    const begun = await alone('select status as id from begin_pushes($1, array[$2::uuid], array[$3::bigint], $4, $5, array[$6::bigint])', [
      tenantId,
      own,
      message,
      ADDRESS_KEY,
      AT,
      device,
    ]);
    const report = await alone(`select take_push_report($1, $2, 'opened', $3)::int as done`, [tenantId, message, AT]);
    assert.deepEqual([begun.rows[0]?.id, report.rows[0]?.done], ['claimed', 1]);
    const noted = await alone(`select note_push_device($1, $2, 'silent') as done`, [tenantId, device]);
    await client.query('commit');
    return {
      claim: claims.perMessage,
      choice: chosen.perMessage,
      beginning: begun.perMessage,
      report: report.perMessage,
      noted: noted.perMessage,
    };
  } finally {
    client.release();
  }
}
