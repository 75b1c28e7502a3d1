import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { library } from '../../core/template/library/library.js';
import { addTemplateVersion, publishTemplate } from '../../db/queries/templates.js';
import { compiled, text } from '../core/template/samples.js';
import { runCommand } from '../harness/cli.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

let database: TestDatabase;
let tenant: TenantId;
before(async () => {
  database = await createTestDatabase();
  tenant = await database.newTenant();
  await database.admin.query(`insert into users (tenant_id, user_id, traits) values ($1, 'u1', '{"first_name": "Ann"}')`, [tenant]);
  const source = text('Hi {{ first_name }} {{ traits.plan }}', { subject: 'Own, {{ first_name }}' });
  const at = new Date('2026-03-02T12:00:00Z');
  const version = { tenantId: tenant, family: 'win_back', source, compiled: await compiled(source), actor: 'key_1', at };
  await database.withTenant(tenant, async (tx) => {
    await addTemplateVersion(tx, version);
    await publishTemplate(tx, { tenantId: tenant, family: 'win_back', version: 1, actor: 'key_1', at });
  });
});
after(() => database.drop());

const folder = temporaryFolder('cli-templates');
const run = (...args: readonly string[]) => runCommand(['templates', ...args, '--tenant', tenant], { DATABASE_URL: database.url });

describe('madansara templates', () => {
  it('lists the families and shows one with its variables and versions', async () => {
    const { stdout, stderr, code } = await run('list');
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trimEnd().split('\n').length, 1 + Object.keys(library).length);
    assert.match(stdout, /^family +channel +in force +own versions\n/);
    assert.match(stdout, /\nwelcome_series_1 +email +library +0\nwin_back +email +1 +1\n$/);
    const own = await run('show', 'win_back');
    assert.match(own.stdout, /^win_back, version 1, in force\nSubject: Own, {{ first_name }}\nA step's own text: has no place in it\n/);
    assert.match(own.stdout, /\nfirst_name +needed\n[^]*\nversion 1 of 2026-03-02T12:00:00\.000Z by key_1\n$/);
    const starter = await run('show', 'win_back', '--version', '0');
    assert.match(starter.stdout, /^win_back, version library\nSubject: {% if first_name %}[^]*\nfirst_name +has a fallback\n/);
    const source = await run('show', 'win_back', '--version', '0', '--source');
    assert.equal(source.stdout, library.win_back.mjml);
  });

  it("writes a user's mail to a file and says where, with what they lack", async () => {
    const file = join(folder, 'mail.html');
    const own = await run('preview', 'win_back', '--user', 'u1', '--file', file);
    assert.equal(own.code, 0, own.stderr);
    assert.match(own.stdout, /^Subject: Own, Ann\n\nHi Ann\n/);
    assert.ok(
      own.stdout.endsWith(`Missing, without a fallback: traits.plan, brand_name, postal_address\nThe HTML is in ${file}\n`),
      own.stdout,
    );
    assert.match(readFileSync(file, 'utf8'), /^<!doctype html>[^]*Hi Ann /);
    const step = await run('preview', 'limited_offer', '--subject', '{{first_name}}, hello', '--content', 'One line.', '--file', file);
    assert.match(step.stdout, /^Subject: Hello\n[^]*\nOne line\.\n/);
    assert.match(readFileSync(file, 'utf8'), /One line\./);
  });

  it('says in one sentence what is wrong', async () => {
    const file = ['--file', join(folder, 'not-written.html')];
    const cases: [{ code: number | null; stderr: string }, RegExp][] = [
      [await run('show', 'no_such_one'), /there is no template no_such_one \(`madansara templates list/],
      [await run('show', 'win_back', '--version', '7'), /win_back has no version 7/],
      [await run('show', 'win_back', '--version', 'x'), /0 or a whole number above it is expected/],
      [await run('show', 'Win-Back'), /not a template family/],
      [await run('preview', 'win_back', '--user', 'nobody', ...file), /there is no such user/],
      [await run('preview', 'win_back', '--content', 'x', ...file), /this mail cannot be sent: its content: the step brings one/],
      [await run('preview', 'limited_offer', '--content', '{{ x }}', ...file), /content: there is no variable x; there are first_name/],
      [await run('preview', 'limited_offer', '--file', join(folder, 'no', 'folder.html')), /no such file or directory/],
    ];
    for (const [{ code, stderr }, sentence] of cases) {
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.equal(code, 1);
    }
  });
});
