import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import type { RunningWorker } from '../../workers/main.js';
import { runCommand } from '../harness/cli.js';
import { temporaryFolder } from '../harness/folder.js';
import { addUsers } from '../harness/tests.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let worker: RunningWorker;
let tenant: TenantId;
before(async () => {
  walker = await openTestWalker('cli-test');
  worker = await walker.startWorker();
  tenant = await walker.database.newTenant();
  await addUsers(walker.database, tenant, 5_000);
});
after(async () => {
  await worker.close();
  await walker.close();
});

const folder = temporaryFolder('cli-test');
const run = (...args: readonly string[]) => runCommand(['test', ...args, '--tenant', tenant], walker.variables);
const design = {
  name: 'Welcome subject',
  channel: 'email',
  variations: [
    { id: 'control', parts: { subject: 'Welcome' } },
    { id: 'personal', parts: { subject: '{{first_name}}, welcome' } },
  ],
  primary_metric: 'conversion_rate',
  goal: 'convert_to_paid',
  baseline: { rate: 0.2 },
  minimum_effect: 0.25,
  apply_to: 'welcome',
};

async function create(body: unknown) {
  const file = join(folder, 'design.json');
  writeFileSync(file, typeof body === 'string' ? body : JSON.stringify(body));
  return run('create', '--file', file);
}

describe('madansara test', () => {
  it('designs a test, starts, shows, extends and stops it, and lists it', async () => {
    assert.match((await run('list')).stdout, /the tenant has no tests yet/);
    const created = await create(design);
    assert.equal(created.code, 0, created.stderr);
    assert.match(created.stdout, /^test_\w{20} is a draft\.\nUsers needed: [\d,]+ \(control [\d,]+, personal [\d,]+\)\n/);
    assert.match(created.stdout, /Baseline: 20 % \(the caller, 0 days old\)/);
    const [testId = ''] = created.stdout.split(' ');
    assert.match((await run('show', testId)).stdout, /is a draft\.[^]*\ndraft, 0 looks\n.*created by command line/);

    const started = await run('start', testId, '--accept-too-small');
    assert.deepEqual([started.code, started.stdout], [0, `${testId} is running\n`], started.stderr);
    assert.equal((await run('start', testId)).stdout, `${testId} was running before; nothing changed\n`);
    assert.match((await run('list')).stdout, new RegExp(`${testId} +running +\\d{4}-\\d\\d-\\d\\d +- +Welcome subject`));
    assert.equal((await run('extend', testId, '--days', '7')).stdout, `${testId} is running\n`);
    assert.equal((await run('stop', testId)).stdout, `${testId} is decided\n`);
    assert.match((await run('show', testId)).stdout, /started by command line[^]*extended by command line[^]*stopped by command line/);
    const applied = await run('apply', testId);
    assert.deepEqual([applied.code, applied.stdout], [1, '']);
    assert.match(applied.stderr, /there is no winner: the test ended as stopped/);
  });

  it('says in one sentence what is wrong', async () => {
    const cases: [{ code: number | null; stderr: string }, RegExp][] = [
      [await create('{'), /the file is not JSON/],
      [await create({ ...design, winners: 1 }), /winners/],
      [await create({ ...design, baseline: { rate: 1 } }), /baseline/],
      [await run('create', '--file', join(folder, 'none.json')), /none\.json/],
      [await run('show', 'test_0'), /there is no such test|no test test_0/],
      [await run('extend', 'test_0', '--days', '0'), /1 to 180 whole days are expected/],
    ];
    for (const [{ code, stderr }, sentence] of cases) {
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.equal(code, 1);
    }
  });
});
