import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { projectRoot } from '../../config.js';

let place: string;
before(async () => {
  place = await mkdtemp(join(tmpdir(), 'import-rules-'));
  await copyFile(join(projectRoot, '.oxlintrc.json'), join(place, '.oxlintrc.json'));
});
after(() => rm(place, { recursive: true }));

/** What the linter says of a file of this content at this path, under the project's own rules. */
async function lint(path: string, content: string): Promise<string> {
  await mkdir(join(place, dirname(path)), { recursive: true });
  await writeFile(join(place, path), content);
  const program = join(projectRoot, 'node_modules', 'oxlint', 'bin', 'oxlint');
  return new Promise((resolve) => {
    execFile(process.execPath, [program, '--config', '.oxlintrc.json', path], { cwd: place }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

const value = (from: string) => `import { thing } from '${from}';\nexport const used = thing;\n`;
const type = (from: string) => `import type { Thing } from '${from}';\nexport type Used = Thing;\n`;

describe('the import rules', () => {
  const forbidden: readonly (readonly [path: string, content: string])[] = [
    ['core/segment/a.ts', value('../../db/client.js')],
    ['core/segment/b.ts', value('node:fs')],
    ['core/segment/c.ts', value('../../config.js')],
    ['core/segment/d.ts', type('../../store/objects.js')],
    ['core/segment/e.ts', value('pg')],
    ['workflows/walker/a.ts', value('../../activities/walking/walks.js')],
    ['workflows/walker/b.ts', value('zod')],
    ['workflows/walker/c.ts', value('node:crypto')],
    ['workflows/walker/d.ts', type('../../db/client.js')],
    ['store/a.ts', value('../db/client.js')],
    ['db/queries/a.ts', value('../../store/objects.js')],
    ['activities/a.ts', value('../workers/main.js')],
    ['activities/b.ts', value('../workflows/walker/workflow.js')],
    ['activities/c.ts', value('../sandbox/engarde.js')],
    ['api/a.ts', value('../activities/walking/walks.js')],
    ['api/b.ts', value('../cli/main.js')],
    ['workers/a.ts', value('../api/app.js')],
    ['workers/b.ts', value('../sandbox/postgres.js')],
  ];
  for (const [path, content] of forbidden) {
    it(`refuse ${content.split(';')[0]} in ${path}`, async () => {
      assert.match(await lint(path, content), /no-restricted-imports/);
    });
  }

  const allowed: readonly (readonly [path: string, content: string])[] = [
    ['core/segment/ok.ts', value('../ids.js')],
    ['workflows/walker/ok.ts', type('../../activities/walking/walks.js')],
    ['workflows/walker/ok-core.ts', value('../../core/ids.js')],
    ['store/ok.ts', value('../core/ids.js')],
    ['activities/ok.ts', value('../workflows/walker/contract.js')],
    ['api/ok.ts', value('../db/client.js')],
    ['cli/ok.ts', value('../api/main.js')],
    ['test/ok.ts', value('../sandbox/postgres.js')],
  ];
  for (const [path, content] of allowed) {
    it(`allow ${content.split(';')[0]} in ${path}`, async () => {
      assert.doesNotMatch(await lint(path, content), /no-restricted-imports/);
    });
  }
});

describe('what the linter cannot see', () => {
  /** Files of ours in a folder that hold a text which must not be there. */
  async function filesWith(pattern: RegExp, folders: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const folder of folders) {
      for (const entry of await readdir(join(projectRoot, folder), { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && path.endsWith('.ts') && pattern.test(await readFile(path, 'utf8')))
          found.push(path.slice(projectRoot.length + 1));
      }
    }
    return found;
  }

  it('core knows neither the clock nor chance nor the process', async () => {
    assert.deepEqual(await filesWith(/Date\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|performance\.now/, ['core']), []);
  });

  it('the environment is handed to config.ts by the mains and read nowhere else', async () => {
    const folders = ['core', 'store', 'db', 'workflows', 'activities', 'api', 'workers'];
    assert.deepEqual(await filesWith(/process\.env/, folders), []);
  });
});
