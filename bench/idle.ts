import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../config.js';
import { freePort } from '../sandbox/processes.js';
import { processTree } from './measuring/processes.js';
import { temporaryFolder } from '../test/harness/folder.js';

/** What the whole stack costs while nothing happens: memory (each shared page counted once) and processor time, over a minute. */
const SECONDS = Number(process.argv[2] ?? 60);
const LIMIT_MIB = 1_024;

const directory = temporaryFolder('idle');
const ports = { API_PORT: String(await freePort()), WORKER_PORT: String(await freePort()) };
const arguments_ = ['--enable-source-maps', join(projectRoot, 'dist', 'cli', 'main.js'), 'start', '--directory', directory, '--any-ports'];
const launcher = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...ports } });
try {
  await untilItSays(/Ctrl-C/);
  console.error(`the stack is up; watching it do nothing for ${SECONDS} s …`);
  await pause(10_000); // starting up is not idling
  const before = new Map(processTree(launcher.pid ?? 0).map((usage) => [usage.pid, usage]));
  await pause(SECONDS * 1_000);
  const processes = processTree(launcher.pid ?? 0);
  const rows = processes.map(({ pid, name, seconds }) => ({
    name,
    pssMib: pssMib(pid),
    cpuPercent: ((seconds - (before.get(pid)?.seconds ?? 0)) / SECONDS) * 100,
  }));
  for (const { name, pssMib, cpuPercent } of rows)
    console.log(`${name.padEnd(24)} ${pssMib.toFixed(0).padStart(6)} MiB ${cpuPercent.toFixed(2).padStart(6)} %`);
  const total = (of: (row: (typeof rows)[number]) => number, which = rows) => which.reduce((sum, row) => sum + of(row), 0);
  const temporal = rows.filter(({ name }) => name.startsWith('temporal'));
  const value = total((row) => row.pssMib);
  console.log(
    JSON.stringify({
      bench: 'idle',
      value: round(value),
      unit: 'MiB',
      ratio: round(value / LIMIT_MIB),
      cpu_percent: round(total((row) => row.cpuPercent)),
      temporal_mib: round(total((row) => row.pssMib, temporal)),
      temporal_cpu_percent: round(total((row) => row.cpuPercent, temporal)),
      processes: rows.length,
      seconds: SECONDS,
    }),
  );
} finally {
  const over = new Promise((resolve) => launcher.once('exit', resolve));
  if (launcher.exitCode === null) {
    launcher.kill('SIGINT');
    await over;
  }
  rmSync(directory, { recursive: true, force: true });
}

function untilItSays(pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    launcher.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (pattern.test(said)) resolve();
    });
    launcher.once('exit', (code) => reject(new Error(`the stack ended (exit code ${code}) before it was up:\n${said}`)));
  });
}

/** Memory in MiB, each page that several processes share counted once in all. */
function pssMib(pid: number): number {
  try {
    const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(pss?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended meanwhile
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
