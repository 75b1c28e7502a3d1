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

const folder = temporaryFolder('cli-reply-rules');
const run = (...args: readonly string[]) => runCommand(['reply-rules', ...args, '--tenant', tenant], { DATABASE_URL: database.url });

describe('madansara reply-rules', () => {
  it('adds, changes, lists and switches a rule, and says what is wrong with one', async () => {
    const file = join(folder, 'rule.json');
    writeFileSync(file, JSON.stringify({ name: 'hours', keywords: ['open'], message: '9 to 5' }));
    const added = await run('put', file);
    assert.equal(added.code, 0, added.stderr);
    const [, number = ''] = /^Rule (\d+): hours, on\n$/.exec(added.stdout) ?? [];
    writeFileSync(file, JSON.stringify({ name: 'hours', keywords: ['open', 'hours'], message: '10 to 6', priority: 2 }));
    assert.equal((await run('put', file, '--rule', number)).code, 0);
    assert.equal((await run('off', number)).stdout, `Rule ${number} is off\n`);
    assert.match((await run('list')).stdout, new RegExp(`\\n${number} +hours +off +2 +either +any +open, hours +10 to 6\\n$`));
    assert.equal((await run('on', number)).stdout, `Rule ${number} is on\n`);
    writeFileSync(file, JSON.stringify({ name: 'hours', keywords: ['stop'], message: 'No' }));
    const refused = await run('put', file);
    assert.deepEqual([refused.code, /keywords\.0: whoever says this may want to leave/.test(refused.stderr)], [1, true]);
    assert.equal((await run('off', '999999')).code, 1);
  });
});
