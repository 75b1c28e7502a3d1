import { join } from 'node:path';
import type { Command } from 'commander';
import { repeatableVersions } from '../../activities/walking/walking.js';
import { loadConfig } from '../../config.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { openDatabase, type Database } from '../../db/client.js';
import { findTenant } from '../../db/queries/tenants.js';
import { openDuckDb } from '../../store/duckdb.js';
import { openLake, type Lake, type LakePin, type UpdateOptions } from '../../store/lake.js';
import { openLocalCopies } from '../../store/local-copies.js';
import { openObjectStore } from '../../store/objects.js';
import { startProgress } from '../progress.js';
import { describeLake, describeVerification } from './lake-words.js';

type Opened = { readonly lake: Lake; readonly database: Database; readonly tenantId: TenantId };

export function addLakeCommand(program: Command): void {
  const lake = program.command('lake').description('the events as Parquet in the object store: update, rebuild, verify, show');
  const add = (name: string, description: string, more: string, act: (opened: Opened) => Promise<void>) =>
    lake
      .command(name)
      .description(description)
      .requiredOption('--tenant <id>', "the tenant's id, a UUID")
      .addHelpText('after', `\n${more}`)
      .action(({ tenant }: { readonly tenant: string }) => withLake(parseTenantId(tenant), act));

  add(
    'update',
    'take in what was committed since the last time',
    'Nothing is missed and nothing taken twice, whoever else writes. A run that is cut off is continued by the next.',
    (opened) => write(opened, 'taking events in', (options) => opened.lake.update(opened.tenantId, options)),
  );
  add(
    'rebuild',
    'write the lake anew from PostgreSQL',
    'For a lake that differs, or whose database was restored from a backup. Readers go on with the version before it until it is whole;\n' +
      'a run that is cut off changes nothing.',
    (opened) => write(opened, 'writing the lake anew', (options) => opened.lake.rebuild(opened.tenantId, options)),
  );
  add(
    'verify',
    'compare counts and checksums of every month with PostgreSQL, at one moment',
    'Exit code 1 when a month differs.',
    async ({ lake, tenantId }) => {
      const progress = startProgress('comparing with PostgreSQL');
      const verification = await lake.verify(tenantId).finally(() => progress.stop());
      for (const line of describeVerification(verification)) console.log(line);
      if (verification.months.some(({ same }) => !same)) process.exitCode = 1;
    },
  );
  add('show', 'the version, the months, and what is not in the lake yet', 'It only reads.', async ({ lake, tenantId }) => {
    const description = await lake.describe(tenantId);
    const lines = description ? describeLake(description) : ['there is no lake yet: `madansara lake update` makes it'];
    for (const line of lines) console.log(line);
  });
}

async function write(
  { lake, database, tenantId }: Opened,
  label: string,
  work: (options: UpdateOptions) => Promise<LakePin>,
): Promise<void> {
  const before = await lake.pin(tenantId);
  const keepVersions = await repeatableVersions(database, tenantId, new Date());
  const progress = startProgress(label, { unit: 'events' });
  let taken = 0;
  try {
    const pin = await work({
      keepVersions,
      onProgress({ rowsTaken, rowsWaiting }) {
        taken = rowsTaken;
        progress.update(rowsTaken, `of ${rowsWaiting.toLocaleString('en-US')}`);
      },
    });
    progress.done(`${taken.toLocaleString('en-US')} events`);
    const what = pin.version === before?.version ? 'nothing had changed: still version' : 'version';
    console.log(`${what} ${pin.version}, ${pin.rows.toLocaleString('en-US')} rows in ${pin.buckets} bucket${pin.buckets === 1 ? '' : 's'}`);
  } finally {
    progress.stop();
  }
}

async function withLake(tenantId: TenantId, work: (opened: Opened) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env);
  const { cacheDirectory, cacheMegabytes } = config.lake;
  const database = openDatabase(config.databaseUrl, { applicationName: 'madansara-lake' });
  const duckdb = await openDuckDb({ ...config.duckdb, temporaryDirectory: join(cacheDirectory, 'spill') });
  try {
    if (!(await findTenant(database, tenantId))) throw new Error(`there is no tenant ${tenantId}`);
    const objects = openObjectStore(config.objects);
    const copies = openLocalCopies(objects, join(cacheDirectory, 'parts'), cacheMegabytes * 1024 * 1024);
    const lake = openLake({ pool: database.pool, objects, copies, duckdb, workDirectory: join(cacheDirectory, 'work') });
    await work({ lake, database, tenantId });
  } finally {
    duckdb.close();
    await database.close();
  }
}
