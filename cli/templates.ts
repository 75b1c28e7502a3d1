import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { previewTemplate } from '../api/template-preview.js';
import { DomainError } from '../core/errors.js';
import type { TenantId, UserId } from '../core/ids.js';
import { wordsFaults } from '../core/template/compile-template.js';
import type { EmailWords } from '../core/template/template.js';
import type { TenantTransaction } from '../db/client.js';
import {
  findTemplate,
  findTemplateFamily,
  LIBRARY_VERSION,
  listTemplateFamilies,
  readDefaultWords,
  type TemplateFamily,
} from '../db/queries/templates.js';
import { requireTenant, withDatabase } from './database.js';
import { tableLines } from './table.js';

const versionText = (version: number | null): string =>
  version === null ? 'none yet' : version === LIBRARY_VERSION ? 'library' : String(version);

export function list(tenant: TenantId): Promise<void> {
  return withDatabase('templates', async (database) => {
    await requireTenant(database, tenant);
    const families = await database.withTenant(tenant, (tx) => listTemplateFamilies(tx, tenant));
    const rows = families.map(({ family, published, versions }) => [family, 'email', versionText(published), String(versions.length)]);
    for (const line of tableLines([['family', 'channel', 'in force', 'own versions'], ...rows])) console.log(line);
  });
}

type Shown = { readonly family: string; readonly version: number | undefined; readonly source: boolean };

export function show(tenant: TenantId, { family: name, version: asked, source }: Shown): Promise<void> {
  return withDatabase('templates', (database) =>
    database.withTenant(tenant, async (tx) => {
      const family = await requireFamily(tx, tenant, name);
      const version = asked ?? family.published ?? family.versions[0]?.version ?? LIBRARY_VERSION;
      const stored = await findTemplate(tx, tenant, name, version);
      if (!stored) throw new DomainError('not_found', `${name} has no version ${version}`);
      if (source) return console.log(stored.source.mjml.trimEnd());
      const { variables, slots } = stored.compiled;
      console.log(`${name}, version ${versionText(version)}${version === family.published ? ', in force' : ''}`);
      console.log(`Subject: ${stored.source.subject}`);
      if (stored.source.preheader !== undefined) console.log(`Preheader: ${stored.source.preheader}`);
      console.log(`A step's own text: ${slots.content ?? 'has no place in it'}`);
      for (const [part, words] of Object.entries(await readDefaultWords(tx, tenant, name)))
        console.log(`A test has set the ${part}: ${words}`);
      const rows = variables.map((variable) => [variable.name, variable.hasFallback ? 'has a fallback' : 'needed']);
      for (const line of tableLines([['variable', ''], ...rows])) console.log(line);
      for (const row of family.versions) console.log(`version ${row.version} of ${row.createdAt.toISOString()} by ${row.actor}`);
    }),
  );
}

async function requireFamily(tx: TenantTransaction, tenant: TenantId, name: string): Promise<TemplateFamily> {
  const family = await findTemplateFamily(tx, tenant, name);
  if (!family) {
    throw new DomainError(
      'not_found',
      `there is no template ${name} (\`madansara templates list --tenant ${tenant}\` shows those there are)`,
    );
  }
  return family;
}

type Asked = {
  readonly tenant: TenantId;
  readonly family: string;
  readonly version?: number;
  readonly user?: UserId;
  readonly subject?: string;
  readonly content?: string;
  readonly file?: string;
};

export function preview({ tenant, family, version, user, subject, content, file = `preview-${family}.html` }: Asked): Promise<void> {
  const words: EmailWords = { ...(subject !== undefined && { subject }), ...(content !== undefined && { text: content }) };
  return withDatabase('templates', async (database) => {
    const faults = wordsFaults(words).map(({ field, message }) => `${field === 'text' ? 'content' : field}: ${message}`);
    if (faults.length > 0) throw new DomainError('invalid', faults.join('; '));
    const { rendering, missing } = await database.withTenant(tenant, async (tx) => {
      await requireFamily(tx, tenant, family);
      const request = {
        family,
        variables: {},
        words,
        ...(version !== undefined && { version }),
        ...(user !== undefined && { userId: user }),
      };
      return previewTemplate(tx, tenant, request);
    });
    if (rendering.kind === 'refused') throw new DomainError('invalid', `this mail cannot be sent: ${rendering.because}`);
    const path = resolve(file);
    await writeFile(path, rendering.html);
    console.log(`Subject: ${rendering.subject}\n\n${rendering.text}`);
    if (missing.length > 0) console.log(`Missing, without a fallback: ${missing.join(', ')}`);
    console.log(`The HTML is in ${path}`);
  });
}
