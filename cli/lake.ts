import { repeatableVersions } from '../activities/walking/walking.js';
import type { TenantId } from '../core/ids.js';
import type { Database } from '../db/client.js';
import type { Lake, LakePin, UpdateOptions } from '../store/lake.js';
import { openStore } from '../store/open.js';
import { requireTenant, withDatabase } from './database.js';
import { describeLake, describeVerification } from './lake-words.js';
import { startProgress } from './progress.js';

type Opened = { readonly lake: Lake; readonly database: Database; readonly tenantId: TenantId };

/** Gives a command the lake of a tenant for as long as it works. */
function withLake(tenantId: TenantId, work: (opened: Opened) => Promise<void>): Promise<void> {
  return withDatabase('lake', async (database, config) => {
    await requireTenant(database, tenantId);
    const store = await openStore(config, database.pool);
    try {
      await work({ lake: store.lake, database, tenantId });
    } finally {
      store.close();
    }
  });
}

export const updateLake = (tenantId: TenantId) =>
  withLake(tenantId, (opened) => write(opened, 'taking events in', (options) => opened.lake.update(tenantId, options)));

export const rebuildLake = (tenantId: TenantId) =>
  withLake(tenantId, (opened) => write(opened, 'writing the lake anew', (options) => opened.lake.rebuild(tenantId, options)));

/** The process exits with 1 when a month differs. */
export const verifyLake = (tenantId: TenantId) =>
  withLake(tenantId, async ({ lake }) => {
    const progress = startProgress('comparing with PostgreSQL');
    const verification = await lake.verify(tenantId).finally(() => progress.stop());
    for (const line of describeVerification(verification)) console.log(line);
    if (verification.months.some(({ same }) => !same)) process.exitCode = 1;
  });

export const showLake = (tenantId: TenantId) =>
  withLake(tenantId, async ({ lake }) => {
    const description = await lake.describe(tenantId);
    const lines = description ? describeLake(description) : ['there is no lake yet: `madansara lake update` makes it'];
    for (const line of lines) console.log(line);
  });

/** Runs what writes the lake, with progress, and says which version it made. */
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
