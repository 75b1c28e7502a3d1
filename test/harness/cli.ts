import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export type CommandResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type RunningCommand = { readonly child: ChildProcess; readonly result: Promise<CommandResult> };

/** The program as a process of its own, with these variables beside those of the test. */
export function startCommand(args: readonly string[], variables: Readonly<Record<string, string>>): RunningCommand {
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...args], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  return { child, result: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))) };
}

export function runCommand(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<CommandResult> {
  return startCommand(args, variables).result;
}
