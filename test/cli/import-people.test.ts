import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { importEvents } from '../../cli/import/import-events.js';
import { importPeople } from '../../cli/import/import-people.js';
import type { ImportCounts } from '../../cli/import/import-rows.js';
import type { AcceptedEvent } from '../../core/event/intake.js';
import type { TenantId } from '../../core/ids.js';
import type { PersonMapping } from '../../core/import/people.js';
import { ingestEvents } from '../../db/queries/events.js';
import { runCommand } from '../harness/cli.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

const folder = temporaryFolder('people');
let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

let files = 0;
function fileOf(content: string): string {
  const path = join(folder, `${(files += 1)}.csv`);
  writeFileSync(path, content);
  return path;
}

const importing = (tenantId: TenantId, content: string, mapping: Partial<PersonMapping> = {}): Promise<ImportCounts> =>
  importPeople(database, {
    tenantId,
    file: { path: fileOf(content), format: 'csv', header: true },
    mapping: { consentSource: 'the test', ...mapping },
  });

const changes = ({ stored, repeated, rejected }: ImportCounts) => [stored, repeated, rejected];

async function rowsOf(tenantId: TenantId) {
  const users = await database.admin.query(`select user_id, traits, updated_at from users where tenant_id = $1 order by user_id`, [
    tenantId,
  ]);
  const contacts = await database.admin.query(
    `select user_id, channel, provider, address, verified_at, consent, consent_source, consent_at, updated_at from contacts where tenant_id = $1
     order by user_id, channel, address`,
    [tenantId],
  );
  return { users: users.rows, contacts: contacts.rows };
}

const consentOf = async (tenantId: TenantId) => {
  const { contacts } = await rowsOf(tenantId);
  return contacts.map(({ consent, consent_source: source, consent_at: at }) => [consent, source, at?.toISOString().slice(0, 10) ?? null]);
};

describe('an import of people', () => {
  it('brings users with traits, contacts and consent by the command, and changes nothing the second time', async () => {
    const tenantId = await database.newTenant();
    const path = fileOf(
      'Email Address,First Name,Phone,Instagram,Marketing Consent,Consent Date,Confirm Time\n' +
        'Ana@Example.org,Ana,+1 415 555 0100,@ana.w,yes,2024-03-01,2024-03-02\nben@example.org,Ben,,,no,,\n,Cid,555,,,,\n',
    );
    const args = ['import', path, '--tenant', tenantId, '--users', '--consent-source', 'newsletter form'];
    const first = await runCommand(args, { DATABASE_URL: database.url });
    assert.deepEqual([first.code, first.stdout], [0, '2 stored or changed, 0 unchanged, 1 rejected\n'], first.stderr);
    assert.match(first.stderr, /line 4: has neither an id nor an address that can be read/);
    const stored = await rowsOf(tenantId);
    assert.deepEqual(
      stored.users.map(({ user_id, traits }) => [user_id, traits.first_name]),
      [
        ['ana@example.org', 'Ana'],
        ['ben@example.org', 'Ben'],
      ],
    );
    assert.deepEqual(
      stored.contacts.map((contact) => Object.values(contact).slice(0, -1)),
      [
        ['ana@example.org', 'email', '', 'ana@example.org', new Date('2024-03-02'), 'granted', 'newsletter form', new Date('2024-03-01')],
        ['ana@example.org', 'sms', '', '+14155550100', null, 'granted', 'newsletter form', new Date('2024-03-01')],
        ['ana@example.org', 'social', 'instagram', 'ana.w', null, 'granted', 'newsletter form', new Date('2024-03-01')],
        ['ben@example.org', 'email', '', 'ben@example.org', null, 'denied', 'newsletter form', null],
      ],
    );
    const second = await runCommand(args, { DATABASE_URL: database.url });
    assert.equal(second.stdout, '0 stored or changed, 2 unchanged, 1 rejected\n');
    assert.deepEqual(await rowsOf(tenantId), stored);
  });

  it('gives who has no id to the user who has their address already', async () => {
    const tenantId = await database.newTenant();
    await importing(tenantId, 'id,email\nc1,ana@example.org\n');
    await importing(tenantId, 'email,city\nANA@example.org,Jacmel\nben@example.org,Cayes\n');
    const { users } = await rowsOf(tenantId);
    assert.deepEqual(
      users.map(({ user_id, traits }) => [user_id, traits.city]),
      [
        ['ben@example.org', 'Cayes'],
        ['c1', 'Jacmel'],
      ],
    );
  });

  it('resolves aliases, and lets the later of two rows of one person count', async () => {
    const tenantId = await database.newTenant();
    await database.admin.query(`insert into user_aliases (tenant_id, alias_id, user_id) values ($1, 'old', 'new')`, [tenantId]);
    const content = 'id,email,plan\nold,a@example.org,silver\nnew,a@example.org,gold\n';
    assert.deepEqual(changes(await importing(tenantId, content)), [2, 0, 0]);
    const { users, contacts } = await rowsOf(tenantId);
    assert.deepEqual([users.length, users[0].user_id, users[0].traits.plan, contacts.length], [1, 'new', 'gold', 1]);
    assert.deepEqual(changes(await importing(tenantId, content)), [0, 2, 0]);
  });

  it('never overwrites a later refusal with an older consent, in whatever order they come', async () => {
    const granted = 'email,consent,consent date,consent source\na@example.org,yes,2024-01-01,form\n';
    const denied = 'email,consent,consent date,consent source\na@example.org,no,2024-06-01,link in mail\n';
    for (const order of [
      [granted, denied, granted],
      [denied, granted],
      [granted + denied.split('\n')[1]],
      [denied + granted.split('\n')[1]],
    ]) {
      const tenantId = await database.newTenant();
      for (const content of order) await importing(tenantId, content);
      assert.deepEqual(await consentOf(tenantId), [['denied', 'link in mail', '2024-06-01']]);
    }
  });

  it('takes a later consent over an earlier refusal, but no consent over a refusal without a date', async () => {
    const tenantId = await database.newTenant();
    const row = (consent: string, date: string) => importing(tenantId, `email,consent,consent date\na@example.org,${consent},${date}\n`);
    await row('no', '2024-01-01');
    await row('yes', '2024-06-01');
    assert.deepEqual(await consentOf(tenantId), [['granted', 'the test', '2024-06-01']]);
    await row('no', '2024-06-01');
    assert.deepEqual(await consentOf(tenantId), [['denied', 'the test', '2024-06-01']]);
    await row('yes', '2024-07-01');
    await row('no', '');
    await row('yes', '2024-12-01');
    assert.deepEqual(await consentOf(tenantId), [['denied', 'the test', null]]);
  });

  it('names the columns that there are when none says who a person is', async () => {
    const tenantId = await database.newTenant();
    await assert.rejects(importing(tenantId, 'city,plan\nx,y\n'), /no column .* says who a person is .* it has "city", "plan"/);
  });
});

describe('imports while events come in', () => {
  it('wait for each other in one order, and nothing is lost', async () => {
    const tenantId = await database.newTenant();
    const people = 400;
    const eventRows = Array.from({ length: 40_000 }, (_, i) => `u${(i * 7) % people},${1_700_000_000 + i * 50},1\n`).join('');
    const path = fileOf(`id,at,sum\n${eventRows}`);
    const rows = Array.from({ length: people }, (_, i) => `u${i},u${people - 1 - i}@example.org,yes\n`);
    const list = (of: readonly string[]) => `id,email,consent\n${of.join('')}`;
    const ingested = (batch: number): AcceptedEvent[] =>
      Array.from({ length: 100 }, (_, i) => ({
        kind: 'event',
        messageId: `m${batch}-${i}`,
        userId: `u${(batch * 31 + i * 13) % people}`,
        event: 'page_view',
        occurredAtMs: 1_690_000_000_000 + batch * 3_600_000 * 24 + i,
        properties: {},
        // Now and then somebody logs in, whose events must then be moved.
        ...(i === 50 && { aliasId: `anonymous${batch}` }),
      }));
    let done = false;
    let batches = 0;
    const sender = async (): Promise<void> => {
      while (!done || batches < 20) {
        const accepted = ingested((batches += 1));
        assert.deepEqual(await ingestEvents(database, tenantId, { accepted, rejected: [] }), { stored: 100, duplicates: 0, rejected: 0 });
      }
    };
    const imports = Promise.all([
      importEvents(database, {
        tenantId,
        file: { path, format: 'csv', header: true },
        mapping: { event: 'purchase', user: 'id', time: 'at', revenue: 'sum' },
      }),
      importing(tenantId, list(rows)),
      importing(tenantId, list(rows.toReversed())),
    ]).finally(() => (done = true));
    const [[events, first, second]] = await Promise.all([imports, sender(), sender()]);
    assert.deepEqual([events.stored, first.rejected, second.rejected], [40_000, 0, 0]);
    const { rows: found } = await database.admin.query(
      `select (select count(*)::int from events where tenant_id = $1) events, (select count(*)::int from users where tenant_id = $1 and user_id like 'u%') users,
         (select count(*)::int from event_ids where tenant_id = $1) ids, (select sum(revenue_minor)::int from events where tenant_id = $1) revenue`,
      [tenantId],
    );
    const expected = 40_000 + batches * 100;
    assert.deepEqual(found[0], { events: expected, users: people, ids: expected, revenue: 4_000_000 });
  });
});
