import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import { migrate } from '../../db/migrate.js';
import * as apiKeyTables from '../../db/tables/api-keys.js';
import * as campaignTables from '../../db/tables/campaigns.js';
import * as consentTables from '../../db/tables/consent.js';
import * as eventTables from '../../db/tables/events.js';
import * as segmentTables from '../../db/tables/segments.js';
import * as sendingTables from '../../db/tables/sending.js';
import * as socialTables from '../../db/tables/social.js';
import * as suggestionTables from '../../db/tables/suggestions.js';
import { tenants } from '../../db/tables/tenants.js';
import * as testTables from '../../db/tables/tests.js';
import * as userTables from '../../db/tables/users.js';
import * as offerTables from '../../db/tables/offers.js';
import * as phoneTables from '../../db/tables/phone.js';
import * as templateTables from '../../db/tables/templates.js';
import { walks } from '../../db/tables/walks.js';
import { createEmptyDatabase, createTestDatabase, type EmptyDatabase, type TestDatabase } from '../harness/database.js';

const tables: readonly PgTable[] = [
  tenants,
  walks,
  ...Object.values(apiKeyTables),
  ...Object.values(campaignTables),
  ...Object.values(consentTables),
  ...Object.values(eventTables),
  ...Object.values(segmentTables),
  ...Object.values(sendingTables),
  ...Object.values(socialTables),
  ...Object.values(suggestionTables),
  ...Object.values(offerTables),
  ...Object.values(phoneTables),
  ...Object.values(templateTables),
  ...Object.values(testTables),
  ...Object.values(userTables),
];

describe('sixteen processes that migrate at once', () => {
  let empty: EmptyDatabase;
  before(async () => void (empty = await createEmptyDatabase()));
  after(() => empty.drop());

  it('end with one schema, each migration applied once', async () => {
    const reports = await Promise.all(Array.from({ length: 16 }, () => migrate(empty.url)));
    const applied = reports.flatMap((report) => report.applied);
    assert.equal(new Set(applied).size, applied.length);
    assert.ok(applied.length >= 6);
    assert.equal(new Set(reports.map(({ version }) => version)).size, 1);
  });

  it('have nothing left to do the next time', async () => {
    assert.deepEqual((await migrate(empty.url)).applied, []);
  });

  it('refuse a migration that was changed after it was applied', async () => {
    await empty.query(`update madansara_analytics.schema_migrations set checksum = 'another' where version = 1`);
    await assert.rejects(migrate(empty.url), /0001_roles_and_tenants\.sql was changed after it was applied/);
  });
});

describe('the migrated schema', () => {
  let database: TestDatabase;
  before(async () => void (database = await createTestDatabase()));
  after(() => database.drop());

  /** Tables of the schema that hold a tenant's rows; partitions are reached through their parent only. */
  async function tenantTables(): Promise<{ name: string; forced: boolean; partition: boolean }[]> {
    const { rows } = await database.admin.query<{ name: string; forced: boolean; partition: boolean }>(
      `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced, c.relispartition as partition
       from pg_class c where c.relnamespace = 'madansara_analytics'::regnamespace and c.relkind in ('r', 'p')
       and c.relname <> 'schema_migrations' order by 1`,
    );
    return rows;
  }

  for (const table of tables) {
    const { name, columns } = getTableConfig(table);
    it(`has the columns that drizzle's ${name} says, of the same types and nullability`, async () => {
      const { rows } = await database.admin.query<{ name: string; type: string; notNull: boolean }>(
        `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as "notNull" from pg_attribute
         where attrelid = ('madansara_analytics.' || $1)::regclass and attnum > 0 and not attisdropped order by 1`,
        [name],
      );
      const described = columns
        .map((column) => ({ name: column.name, type: postgresName(column.getSQLType()), notNull: column.notNull || column.primary }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(described, rows);
    });
  }

  it('forces row-level security on every table that holds tenant rows', async () => {
    const open = (await tenantTables()).filter(({ forced, partition }) => !forced && !partition);
    assert.deepEqual(open, []);
  });

  it('gives the application no way to a partition around its parent', async () => {
    await database.pool.query(`select ensure_event_month('2025-03-01')`);
    const partitions = (await tenantTables()).filter(({ partition }) => partition);
    assert.ok(partitions.length > 16);
    for (const { name } of partitions) {
      await assert.rejects(database.pool.query(`select from ${name}`), /permission denied/, name);
    }
  });

  it('begins every primary, unique and foreign key with the tenant', async () => {
    const { rows } = await database.admin.query<{ key: string; first: string }>(
      `select conname as key, (select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]) as first
       from pg_constraint where connamespace = 'madansara_analytics'::regnamespace and contype in ('p', 'u', 'f')
       and conrelid <> 'madansara_analytics.schema_migrations'::regclass`,
    );
    assert.ok(rows.length > 30);
    assert.deepEqual(
      rows.filter(({ first }) => first !== 'tenant_id'),
      [],
    );
  });

  it('has the tenant in every unique index but those by which a key, or a number that was written to, finds its tenant', async () => {
    const { rows } = await database.admin.query<{ index: string; holds: boolean }>(
      `select c.relname as index, exists (
         select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'tenant_id' and a.attnum = any (i.indkey::smallint[])) as holds
       from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace = 'madansara_analytics'::regnamespace and i.indisunique
       and i.indrelid <> 'madansara_analytics.schema_migrations'::regclass`,
    );
    assert.ok(rows.length > 30);
    assert.deepEqual(
      rows
        .filter(({ holds }) => !holds)
        .map(({ index }) => index)
        .sort(),
      [
        'api_keys_by_hash',
        'phone_senders_by_sms_number',
        'phone_senders_by_sms_service',
        'phone_senders_by_whatsapp_number',
        'social_accounts_by_account',
      ],
    );
  });

  it('keeps time with its zone everywhere', async () => {
    const { rows } = await database.admin.query(
      `select table_name, column_name from information_schema.columns
       where table_schema = 'madansara_analytics' and data_type = 'timestamp without time zone'`,
    );
    assert.deepEqual(rows, []);
  });
});

/** drizzle's spelling of a type, as PostgreSQL spells it. */
function postgresName(type: string): string {
  return type.replace(/^varchar\((\d+)\)$/, 'character varying($1)').replace(/^numeric\((\d+), ?(\d+)\)$/, 'numeric($1,$2)');
}
