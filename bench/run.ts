import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** `npm run bench -- NAME [options]` runs bench/NAME.ts, whose last line is one JSON object. */
const here = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(here)
  .filter((name) => name.endsWith('.js') && name !== 'run.js')
  .map((name) => name.slice(0, -'.js'.length));
const [name = ''] = process.argv.splice(2, 1);
const path = join(here, `${name}.js`);
if (!names.includes(name) || !existsSync(path)) {
  console.error(`usage: npm run bench -- NAME\nThere are: ${names.join(', ')}`);
  process.exit(2);
}
await import(pathToFileURL(path).href);
