import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../config.js';

const here = dirname(fileURLToPath(import.meta.url));

/** Tests that need no server, which `npm run check` runs. */
const UNIT = ['core/', 'config/', 'architecture/', 'docs/', 'cli/progress'];

/** Built test files whose path holds one of the patterns, or all of them. */
export function testFiles(patterns: readonly string[] = []): string[] {
  return readdirSync(here, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.js') && (patterns.length === 0 || patterns.some((pattern) => path.includes(pattern))))
    .filter((path) => existsSync(join(projectRoot, 'test', path.replace(/\.js$/, '.ts')))) // the compiler leaves behind what it made of a deleted one
    .sort()
    .map((path) => join(here, path));
}

export const unitTestFiles = (): string[] => testFiles().filter((path) => UNIT.some((prefix) => path.startsWith(join(here, prefix))));

/** Two files at a time; a file that hangs fails after ten minutes instead of holding everything up. */
export const nodeTestArguments = (files: readonly string[]): string[] => [
  '--enable-source-maps',
  '--test',
  '--test-concurrency=2',
  '--test-timeout=600000',
  '--test-reporter=spec',
  ...files,
];
