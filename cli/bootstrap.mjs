#!/usr/bin/env node
// The way in for npm: installs and builds what is missing or out of date, says so, and then runs the program.
// It has no dependencies, because there are none yet when it runs first.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];
const modules = join(root, 'node_modules');
const installed = join(modules, '.package-lock.json');
const lock = join(root, '.madansara', 'bootstrap.lock');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  fail(`Node ${OLDEST_NODE.join('.')} or later is needed; this is ${process.versions.node}.`);
}

const [command = '--help', ...rest] = process.argv.slice(2);
await holdingLock(() => {
  install();
  build();
});
const scripts = { test: 'test/run.js', check: 'test/check.js', bench: 'bench/run.js' };
const program = join(root, 'dist', scripts[command] ?? 'cli/main.js');
run(program, scripts[command] ? rest : [command, ...rest]);

function install() {
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return;
  console.error('Installing packages (npm ci) …');
  const startedMs = Date.now();
  step('npm', ['ci', '--no-progress', '--loglevel=error'], 'npm ci failed: the packages could not be installed.');
  if (!existsSync(installed)) fail('npm ci left no packages behind.');
  writeFileSync(installed, readFileSync(installed)); // as new as the lock file it answers
  console.error(`Packages are installed (${Math.round((Date.now() - startedMs) / 1000)} s).`);
}

function build() {
  const compiler = join(modules, 'typescript', 'bin', 'tsc');
  step(process.execPath, [compiler, '--project', join(root, 'tsconfig.json')], 'The TypeScript build failed; the messages are above.');
}

/** Two commands at once in one clone install and build one after the other. */
async function holdingLock(work) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let said = false; ;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!ownerLives()) {
        rmSync(lock, { recursive: true, force: true });
        continue;
      }
      if (!said) console.error('Another command is installing or building here; waiting for it …');
      said = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function ownerLives() {
  let pid;
  try {
    pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    // Being made at this moment, or its maker died between two lines: give it two seconds.
    return existsSync(lock) && Date.now() - statSync(lock).mtimeMs < 2_000;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function step(file, args, sentence) {
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) fail(`${sentence} (${error.message})`);
  if (status !== 0) {
    rmSync(lock, { recursive: true, force: true });
    fail(sentence);
  }
}

/** The program gets our terminal; a signal from the terminal reaches it by itself, one sent to us alone is passed on. */
function run(file, args) {
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], { cwd: process.cwd(), stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => undefined);
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

function fail(sentence) {
  console.error(`madansara: ${sentence}`);
  process.exit(1);
}
