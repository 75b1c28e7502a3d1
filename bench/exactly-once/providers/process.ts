import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Told } from './provider.js';

/** The providers' time runs faster: an hour in which people open their mails is a second. */
const SPEED = 3_600;

/** A sandbox in a process of its own, which prints where it listens and tells what it has had. */
export async function startSandbox<T extends { readonly url: string }>(name: 'sendgrid' | 'twilio', options: object) {
  const main = fileURLToPath(new URL(`../../../sandbox/${name}/main.js`, import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify({ ...options, speed: SPEED })], { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const printed = JSON.parse(first) as T;
  return {
    printed,
    told: async () => (await (await fetch(`${printed.url}/sandbox/counts`)).json()) as Told,
    stop: () => Promise.resolve(void child.kill('SIGKILL')),
  };
}
