import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive, waitUntil } from '../../sandbox/processes.js';
import { temporaryFolder } from '../harness/folder.js';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const folder = temporaryFolder('start');
const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL'))); // what a failed test left

type Started = { readonly child: ChildProcess; readonly said: () => string; readonly exit: Promise<number | null> };

function start(directory: string, options: readonly string[] = ['--any-ports'], variables: Readonly<Record<string, string>> = {}): Started {
  const { DATABASE_URL: _database, TEMPORAL_ADDRESS: _temporal, ...environment } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', program, 'start', '--directory', directory, ...options], {
    env: { ...environment, LOG_LEVEL: 'warn', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  return { child, said: () => said, exit: new Promise((resolve) => child.once('exit', (code) => resolve(code))) };
}

async function untilUp({ child, said }: Started): Promise<string> {
  assert.ok(await waitUntil(() => said().includes('Ctrl-C') || child.exitCode !== null, 120_000), said());
  const url = /API +(http:\S+)/.exec(said())?.[1];
  assert.ok(url, said());
  return url;
}

/** The servers that the folder's pid files name. */
function serverPids(directory: string): number[] {
  return ['postgres/postgres.pid', 'temporal/temporal.pid']
    .map((path) => join(directory, path))
    .filter((path) => existsSync(path))
    .map((path) => (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid);
}

describe('npm start', () => {
  it('brings everything up, tells a second one so, and leaves nothing behind after Ctrl-C', async () => {
    const directory = join(folder, 'one and only');
    const first = start(directory);
    const url = await untilUp(first);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const pids = serverPids(directory);
    assert.equal(pids.length, 2);

    const second = start(directory);
    assert.equal(await second.exit, 1);
    assert.match(second.said(), new RegExp(`runs already \\(process ${first.child.pid}\\): the API is ${url}`));

    first.child.kill('SIGINT');
    assert.equal(await first.exit, 0, first.said());
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('after a kill -9 ends what was left running and comes up again', async () => {
    const directory = join(folder, 'killed');
    const first = start(directory);
    await untilUp(first);
    const left = serverPids(directory);
    first.child.kill('SIGKILL');
    await first.exit;
    assert.deepEqual(left.filter(isAlive), left);

    const second = start(directory);
    const url = await untilUp(second);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    assert.deepEqual(left.filter(isAlive), []);
    const pids = serverPids(directory);
    second.child.kill('SIGINT');
    assert.equal(await second.exit, 0);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('whose port is taken says so in one sentence and leaves nothing behind', async () => {
    const directory = join(folder, 'taken');
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      const blocked = start(directory, ['--any-ports'], { API_PORT: String(port) });
      assert.equal(await blocked.exit, 1);
      assert.match(blocked.said(), new RegExp(`port ${port} .* is occupied`));
      assert.deepEqual(serverPids(directory).filter(isAlive), []);
    } finally {
      other.close();
    }
  });

  it('can be stopped while it is still starting', async () => {
    const directory = join(folder, 'impatient');
    const started = start(directory);
    assert.ok(await waitUntil(() => existsSync(join(directory, 'launcher.pid')), 30_000));
    started.child.kill('SIGINT');
    await started.exit;
    assert.deepEqual(serverPids(directory).filter(isAlive), []);
  });
});
