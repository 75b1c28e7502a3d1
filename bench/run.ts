import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { projectRoot } from '../config.js';

/** `npm run bench -- NAME [options]` runs bench/NAME.ts, whose last line is one JSON object. */
const here = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(join(projectRoot, 'bench'))
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts')
  .map((name) => name.slice(0, -'.ts'.length));
const [name = ''] = process.argv.splice(2, 1);
const path = join(here, `${name}.js`);
if (!names.includes(name) || !existsSync(path)) {
  console.error(`usage: npm run bench -- NAME\nThere are: ${names.join(', ')}`);
  process.exit(2);
}
await import(pathToFileURL(path).href);
