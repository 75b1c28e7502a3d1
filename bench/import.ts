import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { importEvents } from '../cli/import/import-events.js';
import { startProgress } from '../cli/progress.js';
import { parseTenantId } from '../core/ids.js';
import { openDatabase } from '../db/client.js';
import { migrate } from '../db/migrate.js';
import { startPostgres } from '../sandbox/postgres.js';
import { writeLines } from '../store/lines.js';
import { temporaryFolder } from '../test/harness/folder.js';

/** How fast a CSV file of purchases is imported into a PostgreSQL that forgets nothing (its settings are the default ones). */
const ROWS = Number(process.argv[2] ?? 1_000_000);
const WANTED_PER_SECOND = 50_000;
const USERS = Math.ceil(ROWS / 5);
const MONTHS = 24;

const directory = temporaryFolder('import');
const postgres = await startPostgres({ directory: join(directory, 'postgres') });
try {
  await migrate(postgres.url);
  const tenantId = parseTenantId(randomUUID());
  await seedTenant(tenantId);
  const path = join(directory, 'purchases.csv');
  await writeLines(path, ROWS + 1, (line) => (line === 0 ? 'customer,bought at,amount,currency,category,items' : purchase(line)));
  const first = await run(tenantId, path, 'importing');
  const second = await run(tenantId, path, 'importing it again');
  if (first.stored !== ROWS || second.stored !== 0 || second.repeated !== ROWS) throw new Error('the import lost or doubled rows');
  console.log(`${ROWS} rows in ${first.seconds} s; again, all of them repeated, in ${second.seconds} s; peak memory ${peakMib()} MiB`);
  const value = Math.round(ROWS / first.seconds);
  console.log(
    JSON.stringify({
      bench: 'import',
      value,
      unit: 'rows/s',
      ratio: round(value / WANTED_PER_SECOND),
      rows: ROWS,
      users: USERS,
      seconds: first.seconds,
      again_seconds: second.seconds,
      again_rows_per_second: Math.round(ROWS / second.seconds),
      peak_mib: peakMib(),
    }),
  );
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function seedTenant(tenantId: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`insert into madansara_analytics.tenants (tenant_id, name) values ($1, 'Bench')`, [tenantId]);
  await client.end();
}

async function run(tenantId: ReturnType<typeof parseTenantId>, path: string, label: string) {
  const database = openDatabase(postgres.url, { applicationName: 'bench-import' });
  const progress = startProgress(label, { total: ROWS, unit: 'rows' });
  const startedAt = performance.now();
  try {
    const counts = await importEvents(database, {
      tenantId,
      file: { path, format: 'csv', header: true },
      mapping: {
        event: 'purchase',
        user: 'customer',
        time: 'bought at',
        revenue: 'amount',
        currency: 'currency',
        properties: { category: 'category', quantity: 'items' },
      },
      onProgress: ({ rows }) => progress.update(rows),
    });
    const seconds = round((performance.now() - startedAt) / 1000);
    progress.done(`${counts.stored} stored, ${counts.repeated} repeated, ${counts.rejected} rejected`);
    return { ...counts, seconds };
  } finally {
    await database.close();
  }
}

/** In the order of time, as an export of a shop is; people, amounts and categories are spread by a hash. */
function purchase(line: number): string {
  const hash = createHash('md5').update(String(line)).digest();
  const user = hash.readUInt32LE(0) % USERS;
  const at = new Date(Date.UTC(2023, 0, 1) + Math.floor((line / ROWS) * MONTHS * 30 * 86_400_000)).toISOString();
  const amount = (hash.readUInt16LE(4) / 100).toFixed(2);
  return `customer-${user},${at},${amount},USD,category ${hash.readUInt8(6) % 12},${1 + (hash.readUInt8(7) % 5)}`;
}

function peakMib(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
