import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { dirname } from 'node:path';

/** A server that we started. `stop` is patient first and firm in the end, and resolves when the process is gone. */
export type ServerProcess = {
  readonly pid: number;
  /** Resolves with a sentence when the process has ended, for whatever reason. */
  readonly ended: Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

/**
 * Starts a server whose output goes to a file, and remembers its process id in another, so that a later start finds it
 * after this process was killed. It does not get the terminal's Ctrl-C: we end it in order.
 */
export function startServer(
  file: string,
  args: readonly string[],
  options: SpawnOptions & { readonly logPath: string; readonly pidPath: string },
): ServerProcess {
  const { logPath, pidPath, ...spawnOptions } = options;
  mkdirSync(dirname(logPath), { recursive: true });
  const log = openSync(logPath, 'a');
  const child: ChildProcess = spawn(file, args, { ...spawnOptions, detached: true, stdio: ['ignore', log, log] });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${file} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`${file} ended (${signal ?? `exit code ${code}`}); its log is ${logPath}`));
  });
  const { pid } = child;
  if (pid !== undefined) writeFileSync(pidPath, JSON.stringify({ pid, startedAt: startTimeOf(pid) }));
  void ended.then(() => rmSync(pidPath, { force: true }));
  child.unref();
  return {
    pid: pid ?? -1,
    ended,
    async stop(signal = 'SIGTERM') {
      if (pid === undefined) return;
      child.ref(); // it did not keep this process alive until now; its end is waited for
      await endProcess(pid, signal);
      await ended;
    },
  };
}

/** Ends the process that a pid file of ours names, if it still is that process. True when there was one. */
export async function endLeftOver(pidPath: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
  const pid = readLivePid(pidPath);
  if (pid !== undefined) await endProcess(pid, signal);
  rmSync(pidPath, { force: true });
  return pid !== undefined;
}

/** The process that a pid file of ours names, unless it has ended or the number belongs to another by now. */
export function readLivePid(pidPath: string): number | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(pidPath, 'utf8')) as { pid: number; startedAt: string | undefined };
    return isAlive(pid) && startTimeOf(pid) === startedAt ? pid : undefined;
  } catch {
    return undefined; // no file, or half of one: nothing of ours
  }
}

export function writePidFile(pidPath: string, extra: Readonly<Record<string, unknown>> = {}): void {
  mkdirSync(dirname(pidPath), { recursive: true });
  writeFileSync(pidPath, JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid), ...extra }));
}

const PATIENCE_MS = 10_000;

async function endProcess(pid: number, signal: NodeJS.Signals): Promise<void> {
  signalProcess(pid, signal);
  if (await waitUntil(() => !isAlive(pid), PATIENCE_MS)) return;
  signalProcess(pid, 'SIGKILL');
  await waitUntil(() => !isAlive(pid), PATIENCE_MS);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended meanwhile
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return stateOf(pid) !== 'Z';
}

/** Where the system tells: a number that grows with the time a process began, so that a re-used id is not mistaken for ours. */
function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

const stateOf = (pid: number) => statOf(pid)?.[0];

function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // no /proc here, or no such process
  }
}

export async function waitUntil(fact: () => boolean | Promise<boolean>, timeoutMs: number, everyMs = 50): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; ;) {
    if (await fact()) return true;
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** A port that nobody uses; `wanted`: that one, or an error where it is taken. */
export function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port was given'))));
    });
  });
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
