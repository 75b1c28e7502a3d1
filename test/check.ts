import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../config.js';
import { nodeTestArguments, unitTestFiles } from './files.js';

/** Format, lint, types and unit tests. The types are checked by the build that comes before this. */
const module = (path: string) => join(projectRoot, 'node_modules', path);
const steps: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['format', [module('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.']],
  ['lint', [module('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings']],
  ['unit tests', nodeTestArguments(unitTestFiles())],
];

const failed = steps.filter(([name, args]) => {
  console.error(`— ${name}`);
  return spawnSync(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0;
});
for (const [name] of failed) console.error(`check: ${name} failed`);
process.exit(failed.length === 0 ? 0 : 1);
