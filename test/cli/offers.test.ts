import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { runCommand } from '../harness/cli.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

let database: TestDatabase;
let tenant: TenantId;
before(async () => {
  database = await createTestDatabase();
  tenant = await database.newTenant();
});
after(() => database.drop());

const folder = temporaryFolder('cli-offers');
const run = (...args: readonly string[]) => runCommand(['offers', ...args, '--tenant', tenant], { DATABASE_URL: database.url });

describe('madansara offers', () => {
  it('makes an offer, takes and makes codes, and gives them to the shop', async () => {
    const words = ['--value', '20', '--unit', 'percent', '--expiry-days', '7', '--pattern', 'SPRING-########'];
    const made = await run('create', 'spring', ...words);
    assert.equal(made.stdout, 'spring is made: 20% off\n0 codes: 0 free, 0 given, 0 redeemed\n', made.stderr);
    const file = join(folder, 'codes.txt');
    writeFileSync(file, 'ONE\r\n\ntwo words\nTWO\none\n');
    assert.equal(
      (await run('upload', 'spring', file)).stdout,
      '2 were added.\n2 were left out:\n  two words: not a code\n  one: twice\n2 codes: 2 free, 0 given, 0 redeemed\n',
    );
    assert.match((await run('make', 'spring', '5')).stdout, /^3 were made\.\n5 codes/);
    assert.match((await run('export', 'spring')).stdout, /^ONE\nTWO\n(SPRING-[A-Z2-9]{8}\n){3}$/);
    assert.match((await run('list')).stdout, /\nspring +20% off +5 +5 +0 +0\n$/);
    assert.match((await run('create', 'spring', ...words)).stdout, /^spring was there already/);
  });

  it('says what is wrong', async () => {
    assert.match(
      (await run('create', 'bad', '--value', '120', '--unit', 'percent')).stderr,
      /value: more than 0 and at most 100 is expected, not 120/,
    );
    assert.match((await run('create', 'bad', '--value', 'x')).stderr, /a number is expected/);
    assert.match((await run('show', 'none')).stderr, /there is no such offer/);
    assert.match((await run('make', 'spring', '100000000')).stderr, /could be guessed/);
  });
});
