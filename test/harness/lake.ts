import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { openDuckDb, type DuckDb } from '../../store/duckdb.js';
import { openLake, type Lake, type LakeDependencies } from '../../store/lake.js';
import { manifestKey, type Manifest } from '../../store/lake/manifest.js';
import type { MonthComparison } from '../../store/lake/verify.js';
import { openLocalCopies } from '../../store/local-copies.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { temporaryFolder } from './folder.js';
import { testS3Config, withoutS3 } from './s3.js';

export const directoryStore = {
  name: 'a directory',
  skip: false,
  open: (folder: string): ObjectStore => openObjectStore({ kind: 'directory', directory: join(folder, 'objects') }),
} as const;

/** Both kinds of store that a lake lives in. */
export const lakeStores = [
  directoryStore,
  { name: 'an S3 server', skip: withoutS3, open: (): ObjectStore => openObjectStore(testS3Config()) },
] as const;

export type GivenLake = {
  readonly database: TestDatabase;
  readonly duckdb: DuckDb;
  readonly objects: ObjectStore;
  readonly dependencies: LakeDependencies;
  readonly lake: Lake;
  /** A new one for every test. */
  readonly tenant: TenantId;
  addEvents(count: number, prefix?: string): Promise<void>;
  mergeUsers(from: string, to: string): Promise<boolean>;
  /** Each user's number of events, in the lake and its tail. */
  everyone(): Promise<{ user_id: string; n: number }[]>;
  /** The months in which the lake and its tail differ from PostgreSQL. */
  differences(): Promise<MonthComparison[]>;
  /** Rows that a reader of a pinned version sees, without the tail. */
  countIn(version?: number): Promise<number>;
  manifest(version: number): Promise<Manifest>;
};

/** Events of 97 users, one an hour. */
export const INSERT = `insert into events (tenant_id, occurred_at, message_id, user_id, event, revenue_minor, currency, properties)
  select $1, timestamptz '2025-01-05 12:00:00.123456+00' + n * interval '1 hour', $2 || n, 'user ' || n % 97, 'purchase', n, 'USD', jsonb_build_object('category', 'c' || n % 3, 'quote', '"a,b\n"')
  from generate_series(1, $3) n`;

/** A lake of small buckets and small steps over a database of its own, for the tests of the `describe` that calls this. */
export function useLake(open: (folder: string) => ObjectStore): GivenLake {
  const folder = temporaryFolder('lake');
  let made: Pick<GivenLake, 'database' | 'duckdb' | 'objects' | 'dependencies' | 'lake'> | undefined;
  let tenant: TenantId | undefined;
  const given = () => made ?? fail();
  const tenantId = () => tenant ?? fail();

  before(async () => {
    const database = await createTestDatabase();
    for (const month of ['2025-01-01', '2025-02-01', '2025-03-01']) await database.pool.query('select ensure_event_month($1)', [month]);
    const duckdb = await openDuckDb({ memoryMegabytes: 256, threads: 2, temporaryDirectory: join(folder, 'spill') });
    const objects = open(folder);
    const copies = openLocalCopies(objects, join(folder, 'copies'), 1_000_000);
    const dependencies = {
      pool: database.pool,
      objects,
      copies,
      duckdb,
      workDirectory: join(folder, 'work'),
      eventsPerBucket: 300,
      stepRows: 400,
    };
    made = { database, duckdb, objects, dependencies, lake: openLake(dependencies) };
  });
  after(async () => {
    made?.duckdb.close();
    await made?.database.drop();
  });
  beforeEach(async () => void (tenant = await given().database.newTenant()));

  return {
    get database() {
      return given().database;
    },
    get duckdb() {
      return given().duckdb;
    },
    get objects() {
      return given().objects;
    },
    get dependencies() {
      return given().dependencies;
    },
    get lake() {
      return given().lake;
    },
    get tenant() {
      return tenantId();
    },
    async addEvents(count, prefix = randomUUID()) {
      await given().database.admin.query(INSERT, [tenantId(), prefix, count]);
    },
    async mergeUsers(from, to) {
      const { rows } = await given().database.pool.query<{ merged: boolean }>('select merge_users($1, $2, $3) as merged', [
        tenantId(),
        from,
        to,
      ]);
      return rows[0]?.merged ?? false;
    },
    everyone: () =>
      given().lake.withEverything(tenantId(), (session, relation) =>
        session.rows<{ user_id: string; n: number }>(`select user_id, count(*)::double as n from ${relation} group by all order by all`),
      ),
    differences: async () => (await given().lake.verify(tenantId())).months.filter(({ same }) => !same),
    async countIn(version) {
      const pin = await given().lake.pin(tenantId(), version);
      if (!pin) return 0;
      const relation = await given().lake.relation(tenantId(), pin);
      const [row] = await given().duckdb.session((session) => session.rows<{ n: number }>(`select count(*)::double as n from ${relation}`));
      return row?.n ?? 0;
    },
    async manifest(version) {
      return JSON.parse(String(await given().objects.get(manifestKey(tenantId(), version)))) as Manifest;
    },
  };
}

function fail(): never {
  throw new Error('the lake is there once the tests run');
}
