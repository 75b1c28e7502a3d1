import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '../../config.js';
import type { TenantId } from '../../core/ids.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';
import { INSERT } from '../harness/lake.js';

const run = promisify(execFile);
const folder = temporaryFolder('cli-lake');
let database: TestDatabase;
let tenant: TenantId;

before(async () => {
  database = await createTestDatabase();
  tenant = await database.newTenant();
  await database.pool.query(`select ensure_event_month('2025-01-01')`);
  await database.admin.query(INSERT, [tenant, 'm', 500]);
});
after(() => database.drop());

async function lake(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.url,
    ARTIFACT_DIR: join(folder, 'artifacts'),
    LAKE_CACHE_DIR: join(folder, 'cache'),
  };
  return run(process.execPath, [join(projectRoot, 'dist', 'cli', 'main.js'), 'lake', ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout, errors: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, output: error.stdout, errors: error.stderr }),
  );
}

describe('madansara lake', () => {
  it('explains itself and each of its parts', async () => {
    assert.match((await lake('--help')).output, /update[\s\S]*rebuild[\s\S]*verify[\s\S]*show/);
    for (const name of ['update', 'rebuild', 'verify', 'show']) assert.match((await lake(name, '--help')).output, /--tenant <id>/);
  });

  it('says what is missing in one sentence', async () => {
    assert.match((await lake('update')).errors, /--tenant <id>/);
    assert.match((await lake('show', '--tenant', 'x')).errors, /not a tenant id/);
    const nobody = await lake('update', '--tenant', randomUUID());
    assert.equal(nobody.code, 1);
    assert.match(nobody.errors, /^madansara: there is no tenant/);
    assert.match((await lake('show', '--tenant', tenant)).output, /there is no lake yet/);
  });

  it('takes events in with progress, and shows what it holds and what it does not', async () => {
    const updated = await lake('update', '--tenant', tenant);
    assert.match(updated.errors, /taking events in: 500 events/);
    assert.match(updated.output, /^version 1, 500 rows in 1 bucket\n$/);
    assert.match((await lake('update', '--tenant', tenant)).output, /nothing had changed: still version 1/);
    await database.admin.query(INSERT, [tenant, 'late', 7]);
    const { output } = await lake('show', '--tenant', tenant);
    assert.match(output, /^version {3}1, written 20/);
    assert.match(output, /^tail {6}7 events in PostgreSQL/m);
    assert.match(output, /^2025-01 +1 +500 +0\.\d\d$/m);
  });

  it('verifies with exit code 0 when all is well, and 1 with the months that differ', async () => {
    const well = await lake('verify', '--tenant', tenant);
    assert.equal(well.code, 0);
    assert.match(well.output, /the lake is right: version 1 and a tail of 7 events/);
    await database.admin.query(`update events set user_id = 'somebody else' where tenant_id = $1 and message_id = 'm3'`, [tenant]);
    const wrong = await lake('verify', '--tenant', tenant);
    assert.equal(wrong.code, 1);
    assert.match(wrong.output, /^2025-01 +507 +507 {3}differs$/m);
    assert.match(wrong.output, /the lake differs in 2025-01: `madansara lake rebuild`/);
    assert.match((await lake('rebuild', '--tenant', tenant)).output, /^version 2, 507 rows/);
    assert.equal((await lake('verify', '--tenant', tenant)).code, 0);
  });
});
