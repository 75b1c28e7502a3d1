import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../config.js';
import { cacheFolder, makeOnce } from './cache.js';

const run = promisify(execFile);

export type GoProgram = {
  readonly name: string;
  /** The folder of the module that pins it, from the project's root. */
  readonly module: string;
  readonly package: string;
  /** For the person who waits. */
  readonly takes: string;
};

export const temporalCli: GoProgram = {
  name: 'temporal',
  module: 'temporal-config/server',
  package: 'github.com/temporalio/cli/cmd/temporal',
  takes: 'about four minutes',
};
export const temporalServer: GoProgram = { ...temporalCli, name: 'temporal-server', package: 'go.temporal.io/server/cmd/server' };
export const temporalSqlTool: GoProgram = {
  ...temporalCli,
  name: 'temporal-sql-tool',
  package: 'go.temporal.io/server/cmd/tools/sql',
  takes: 'some seconds',
};
export const s3Server: GoProgram = {
  name: 'versitygw',
  module: 'sandbox/s3-server',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  takes: 'about a minute',
};

/** Where the program is kept: its name carries what pins it, so that a changed version is built anew. */
export async function goProgramPath(program: GoProgram, environment: NodeJS.ProcessEnv): Promise<string> {
  const pins = await Promise.all(['go.mod', 'go.sum'].map((name) => readFile(join(projectRoot, program.module, name))));
  const hash = createHash('sha256').update(Buffer.concat(pins)).digest('hex').slice(0, 12);
  return join(cacheFolder(environment), `${program.name}-${hash}`);
}

/** Builds the program from the Go module proxy, once for every clone on this machine, and answers where it is. */
export async function buildGoProgram(program: GoProgram, environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<string> {
  const path = await goProgramPath(program, environment);
  await makeOnce(
    path,
    (unfinished) => build(program, unfinished, say),
    () => say(`another command is building ${program.name}; waiting for it …`),
  );
  return path;
}

export async function goVersion(): Promise<string | undefined> {
  return run('go', ['version']).then(
    ({ stdout }) => stdout.trim().replace('go version ', ''),
    () => undefined,
  );
}

async function build({ name, module, package: main, takes }: GoProgram, unfinished: string, say: (line: string) => void): Promise<void> {
  if (!(await goVersion())) throw new Error('Go is not installed (1.26 or later is needed)');
  say(`building ${name} with Go; this takes ${takes} and is done once …`);
  const startedMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  const ticking = setInterval(() => say(`still building ${name} (${seconds()} s) …`), 20_000);
  try {
    await new Promise<void>((resolve, reject) => {
      const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, main];
      const child = spawn('go', args, { cwd: join(projectRoot, module), stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
      child.once('error', reject);
      child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`go build failed: ${said.trim() || `exit code ${code}`}`))));
    });
  } finally {
    clearInterval(ticking);
  }
  say(`${name} is built (${seconds()} s)`);
}
