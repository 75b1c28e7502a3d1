import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { importEvents, type ImportOptions } from '../../cli/import/import-events.js';
import type { ImportCounts } from '../../cli/import/import-rows.js';
import { projectRoot } from '../../config.js';
import type { TenantId } from '../../core/ids.js';
import type { EventMapping } from '../../core/import/events.js';
import { waitUntil } from '../../sandbox/processes.js';
import { runCommand, startCommand } from '../harness/cli.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

const folder = temporaryFolder('import');
let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

let files = 0;
function fileOf(content: string | Uint8Array, extension = 'csv'): string {
  const path = join(folder, `${(files += 1)}.${extension}`);
  writeFileSync(path, content);
  return path;
}

const mapping: EventMapping = { event: 'purchase', user: 'id', time: 'at', revenue: 'sum' };

function importing(
  tenantId: TenantId,
  path: string,
  changes: Partial<ImportOptions & { mapping: EventMapping }> = {},
): Promise<ImportCounts> {
  return importEvents(database, { tenantId, file: { path, format: 'csv', header: true }, mapping, ...changes });
}

const countsOf = ({ rows, stored, repeated, rejected }: ImportCounts) => ({ rows, stored, repeated, rejected });

async function totals(tenantId: TenantId) {
  const { rows } = await database.admin.query(
    `select count(*)::int events, count(distinct user_id)::int users, coalesce(sum(revenue_minor), 0)::int revenue,
       (select count(*)::int from users where tenant_id = $1) known, (select count(*)::int from event_ids where tenant_id = $1) ids
     from events where tenant_id = $1`,
    [tenantId],
  );
  return rows[0];
}

const command = (tenantId: TenantId, path: string, ...options: string[]) => [
  ...'import --event purchase --user id --time at --revenue sum --tenant'.split(' '),
  tenantId,
  path,
  ...options,
];

describe('importing the CDNOW purchases', () => {
  const path = join(projectRoot, 'sandbox', 'data', 'cdnow', 'CDNOW_master.txt');
  const columns = '--format columns --user customer_id --time date --revenue dollar_value --map quantity=number_of_cds'.split(' ');
  const args = (tenantId: TenantId) => ['import', path, '--tenant', tenantId, '--event', 'purchase', ...columns];

  it('stores what a plain pass over the file counts, and nothing more the second time', async () => {
    const tenantId = await database.newTenant();
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
    const expected = {
      events: lines.length,
      users: new Set(lines.map(([customer]) => customer)).size,
      revenue: lines.reduce((sum, [, , , dollars]) => sum + Math.round(Number(dollars) * 100), 0),
    };
    assert.deepEqual([expected.events, expected.users], [69_659, 23_570]);

    const first = await runCommand(args(tenantId), { DATABASE_URL: database.url });
    assert.equal(first.stdout, '69,659 stored, 0 repeated, 0 rejected\n', first.stderr);
    assert.equal(first.code, 0);
    assert.deepEqual(await totals(tenantId), { ...expected, known: expected.users, ids: expected.events });

    const second = await runCommand(args(tenantId), { DATABASE_URL: database.url });
    assert.equal(second.stdout, '0 stored, 69,659 repeated, 0 rejected\n', second.stderr);
    assert.deepEqual(await totals(tenantId), { ...expected, known: expected.users, ids: expected.events });
  });

  it('keeps when each user was first and last seen', async () => {
    const { rows } = await database.admin.query(
      `select count(*)::int wrong from users u join lateral (
         select min(occurred_at) first, max(occurred_at) last from events e where e.tenant_id = u.tenant_id and e.user_id = u.user_id) e on true
       where u.first_seen <> e.first or u.last_seen <> e.last`,
    );
    assert.equal(rows[0].wrong, 0);
  });
});

describe('an import of events', () => {
  it('keeps equal rows as many, also when it is repeated', async () => {
    const tenantId = await database.newTenant();
    const path = fileOf('id,at,sum\na,2024-01-01,5\na,2024-01-01,5\na,2024-01-01,5\nb,2024-01-01,5\n');
    assert.deepEqual(countsOf(await importing(tenantId, path)), { rows: 4, stored: 4, repeated: 0, rejected: 0 });
    assert.deepEqual(countsOf(await importing(tenantId, path)), { rows: 4, stored: 0, repeated: 4, rejected: 0 });
    // A longer export that holds the rows of the shorter one adds what is new.
    const longer = fileOf('id,at,sum\nc,2024-01-02,1\na,2024-01-01,5\na,2024-01-01,5\na,2024-01-01,5\na,2024-01-01,5\nb,2024-01-01,5\n');
    assert.deepEqual(countsOf(await importing(tenantId, longer)), { rows: 6, stored: 2, repeated: 4, rejected: 0 });
  });

  it('stores under the user whom an alias means, and takes refunds, time zone and currency from the tenant', async () => {
    const tenantId = await database.newTenant({ timeZone: 'Europe/Berlin', currency: 'JPY' });
    await database.admin.query(`insert into users (tenant_id, user_id) values ($1, 'known')`, [tenantId]);
    await database.admin.query(`insert into user_aliases (tenant_id, alias_id, user_id) values ($1, 'anonymous', 'known')`, [tenantId]);
    await importing(tenantId, fileOf('id,at,sum\nanonymous,2024-07-01 00:00,-700\n'));
    const { rows } = await database.admin.query(
      `select user_id, event, occurred_at, revenue_minor::int, currency from events where tenant_id = $1`,
      [tenantId],
    );
    assert.deepEqual(rows, [
      { user_id: 'known', event: 'refund', occurred_at: new Date('2024-06-30T22:00:00Z'), revenue_minor: -700, currency: 'JPY' },
    ]);
  });

  it('puts hostile rows into a rejects file with line and reason, and stores their neighbours', async () => {
    const tenantId = await database.newTenant();
    const path = fileOf(
      Buffer.concat([
        Buffer.from('\uFEFFid,at,sum\r\nfine,2024-01-01,1\r\nnul\0,2024-01-01,1\r\n'),
        Buffer.from([...Buffer.from('caf'), 0xe9, ...Buffer.from(',2024-01-01,1\r\n')]),
        Buffer.from(`"never closed,2024-01-01,1\r\nfine,2024-01-02,1\r\n${'x'.repeat(3_000_000)}\r\nnan,2024-01-01,NaN\r\n`),
        Buffer.from(
          `short,2024-01-01\r\n"quoted ""id""",2024-01-01,2\r\ntab\\\there,2024-01-01,3\r\nlate,2924-01-01,1\r\nlast,2024-01-01,4`,
        ),
      ]),
    );
    const rejects = join(folder, 'hostile.rejects.csv');
    const { code, stdout, stderr } = await runCommand(command(tenantId, path, '--rejects', rejects), { DATABASE_URL: database.url });
    assert.equal(stdout, '5 stored, 0 repeated, 7 rejected\n', stderr);
    assert.equal(code, 0);
    const lines = readFileSync(rejects, 'utf8').trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(',"')[0]),
      ['line,reason,row', '3', '4', '5', '7', '8', '9', '12'],
    );
    assert.match(
      lines.join('\n'),
      /NUL .*\n4,.*encoding.*\n5,.*never closed.*\n7,.*longer.*\n8,.*not an amount: NaN.*\n9,.*2 fields where 3.*\n12,.*a day from now/,
    );
    const { rows } = await database.admin.query(`select user_id from users where tenant_id = $1 order by user_id collate "C"`, [tenantId]);
    assert.deepEqual(
      rows.map((row) => row.user_id),
      ['fine', 'last', 'quoted "id"', 'tab\\\there'],
    );
  });

  it('reads other encodings when it is told or shown which', async () => {
    const tenantId = await database.newTenant();
    const latin = fileOf(Buffer.from('id,at,sum\ncaf\xe9,2024-01-01,1\n', 'latin1'));
    await importing(tenantId, latin, { file: { path: latin, format: 'csv', header: true, encoding: 'windows-1252' } });
    await importing(tenantId, fileOf(Buffer.from('\uFEFFid,at,sum\nna\u00efve,2024-01-01,1\n', 'utf16le')));
    const { rows } = await database.admin.query(`select user_id from users where tenant_id = $1 order by user_id collate "C"`, [tenantId]);
    assert.deepEqual(
      rows.map((row) => row.user_id),
      ['café', 'naïve'],
    );
  });

  it('says in one sentence what is wrong with its request, and exits with 1', async () => {
    const tenantId = await database.newTenant();
    const path = fileOf('id,at,sum\na,2024-01-01,5\n');
    const nobody = '00000000-0000-4000-8000-000000000000' as TenantId;
    const cases: [string[], RegExp][] = [
      [command(nobody, path), /there is no tenant 00000000/],
      [command(tenantId, join(folder, 'absent.csv')), /there is no file .*absent\.csv/],
      [command(tenantId, folder, '--format', 'csv'), /is a folder/],
      [command(tenantId, path, '--map', 'page=url'), /the file has no column "url"; it has "id", "at", "sum"/],
      [command(tenantId, fileOf('')), /is empty/],
      [command(tenantId, fileOf('x', 'txt')), /does not tell its format/],
      [command(tenantId, path, '--time-zone', 'Mars'), /a name like Europe\/Berlin is expected/],
      [command(tenantId, path, '--event-column', 'sum'), /either --event or --event-column/],
      [command(tenantId, path, '--skip', 'sum'), /--skip is for --users/],
      [['import', path, '--tenant', tenantId, '--event', 'purchase'], /--user and --time must name a column/],
      [['import', path, '--tenant', '7'], /'--tenant <id>' argument '7' is invalid/],
    ];
    for (const [args, sentence] of cases) {
      const { code, stdout, stderr } = await runCommand(args, { DATABASE_URL: database.url });
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.deepEqual([code, stdout], [1, '']);
    }
    assert.deepEqual((await totals(tenantId)).events, 0);
  });

  it('of a file in which no row is right exits with 1, and of a header alone with 0', async () => {
    const tenantId = await database.newTenant();
    const path = fileOf('id,at,sum\na,soon,5\n');
    const wrong = await runCommand(command(tenantId, path), { DATABASE_URL: database.url });
    assert.deepEqual([wrong.code, wrong.stdout], [1, '0 stored, 0 repeated, 1 rejected\n']);
    assert.ok(existsSync(`${path}.rejects.csv`));
    const empty = await runCommand(command(tenantId, fileOf('id,at,sum\n')), { DATABASE_URL: database.url });
    assert.deepEqual([empty.code, empty.stdout], [0, '0 stored, 0 repeated, 0 rejected\n']);
  });

  it('that is interrupted keeps what it stored, and importing again adds the rest', async () => {
    const tenantId = await database.newTenant();
    const count = 150_000;
    const path = fileOf(`id,at,sum\n${Array.from({ length: count }, (_, i) => `u${i % 5_000},${1_700_000_000 + i},${i % 90}\n`).join('')}`);
    const running = startCommand(command(tenantId, path), { DATABASE_URL: database.url });
    assert.ok(await waitUntil(async () => (await totals(tenantId)).events > 0 || running.child.exitCode !== null, 60_000, 10));
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.result;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /stopped before the end of the file/);
    const { events } = await totals(tenantId);
    assert.ok(events > 0 && events < count, `${events} of ${count} were stored`);
    assert.equal(stdout, `${events.toLocaleString('en-US')} stored, 0 repeated, 0 rejected\n`);
    assert.deepEqual(countsOf(await importing(tenantId, path)), { rows: count, stored: count - events, repeated: events, rejected: 0 });
    assert.deepEqual((await totals(tenantId)).events, count);
  });

  it('shares nothing with another that runs at the same time, also of the same file', async () => {
    const [ours, theirs] = await Promise.all([database.newTenant(), database.newTenant()]);
    const path = fileOf(`id,at,sum\n${Array.from({ length: 30_000 }, (_, i) => `u${i % 700},${1_700_000_000 + (i >> 3)},5\n`).join('')}`);
    const counts = await Promise.all([importing(ours, path), importing(ours, path), importing(theirs, path)]);
    assert.equal((counts[0]?.stored ?? 0) + (counts[1]?.stored ?? 0), 30_000);
    assert.equal(counts[2]?.stored, 30_000);
    for (const tenantId of [ours, theirs])
      assert.deepEqual(await totals(tenantId), { events: 30_000, users: 700, revenue: 15_000_000, known: 700, ids: 30_000 });
  });
});
