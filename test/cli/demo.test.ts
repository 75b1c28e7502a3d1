import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive, waitUntil } from '../../sandbox/processes.js';
import { temporaryFolder } from '../harness/folder.js';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const folder = temporaryFolder('demo');
const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL'))); // what a failed test left

type Demo = {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly shown: () => string;
  readonly exit: Promise<number | null>;
};

function demo(directory: string, variables: Readonly<Record<string, string>> = {}): Demo {
  const child = spawn(process.execPath, ['--enable-source-maps', program, 'demo', '--directory', directory], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let shown = '';
  let said = '';
  child.stdout.on('data', (data: Buffer) => (shown += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  return { child, said: () => said, shown: () => shown, exit: new Promise((resolve) => child.once('exit', (code) => resolve(code))) };
}

/** The servers that pid files below the folder name. */
const serverPids = (directory: string): number[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(postgres|temporal)\.pid$/.test(path))
    .map((path) => (JSON.parse(readFileSync(join(directory, path), 'utf8')) as { pid: number }).pid);

describe('npm run demo', () => {
  it('prints the brief of CDNOW and where it is kept, also when two run at once, and leaves nothing running', async () => {
    const directory = join(folder, 'two at once');
    // What the environment names is somebody's: the demo must not touch it.
    const elsewhere = {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      S3_ENDPOINT: 'http://127.0.0.1:1',
    };
    const first = demo(directory, elsewhere);
    assert.ok(await waitUntil(() => existsSync(join(directory, 'launcher.pid')), 30_000));
    const second = demo(directory);
    for (const { exit, said, shown } of [first, second]) {
      assert.equal(await exit, 0, said());
      assert.match(shown(), /CDNOW · walk of 1998-06-30/);
      assert.match(shown(), /23,570 users in \d segments/);
      assert.match(shown(), /✨ Champions \(/);
      assert.match(said(), /as of the end of 1998-06-30, the last day in the data/);
      assert.match(said(), /Delivered to En Garde \(here a sandbox of it\): [1-9]/);
      assert.match(said(), /is finished: Champions/);
      assert.match(said(), /step +sent +delivered[^]+\n1 +[1-9]/);
      const kept = /The brief is kept at (.+)/.exec(said())?.[1] ?? '';
      assert.equal(readFileSync(kept, 'utf8'), shown());
    }
    assert.deepEqual(serverPids(folder).filter(isAlive), []);
  });

  it('stopped in the middle exits at once, says so and leaves nothing running', async () => {
    const directory = join(folder, 'impatient');
    const { child, said, exit } = demo(directory);
    assert.ok(await waitUntil(() => /Loading CDNOW/.test(said()), 60_000), said());
    const pids = serverPids(directory);
    assert.equal(pids.length, 2);
    child.kill('SIGINT');
    assert.equal(await exit, 1);
    assert.match(said(), /stopped before the end; nothing is left running/);
    assert.deepEqual(pids.filter(isAlive), []);
  });
});
