import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { compileTemplate } from '../../core/template/compile-template.js';
import { isInLibrary } from '../../core/template/library/library.js';
import { purposeOf } from '../../core/template/purpose.js';
import type { CompiledTemplate, TemplateSource } from '../../core/template/template.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import {
  addTemplateVersion,
  findTemplate,
  findTemplateFamily,
  LIBRARY_VERSION,
  listTemplateFamilies,
  publishTemplate,
  readDefaultWords,
  type TemplateFamily,
} from '../../db/queries/templates.js';
import { defineRoute, type Route } from '../route.js';
import {
  Family,
  FamilyField,
  familyOf,
  FamilyParams,
  familyWithSource,
  FamilyWithSource,
  NewVersion,
  newVersionOf,
  Source,
  sourceOf,
  templateProblem,
  VersionField,
} from '../template-fields.js';
import { createPreviewRoute } from './template-preview.js';

export type TemplateRouteDependencies = { readonly database: Database; readonly now: () => Date };

export function createTemplateRoutes(dependencies: TemplateRouteDependencies): readonly Route[] {
  const { database } = dependencies;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/templates',
      tag: 'Templates',
      summary: 'List the template families: those of the library and your own',
      scope: 'read',
      responses: { 200: z.object({ items: z.array(Family) }).describe('All of them: there are few.') },
    }).handledBy(async ({ tenantId }) => {
      const families = await database.withTenant(tenantId, (tx) => listTemplateFamilies(tx, tenantId));
      return { status: 200, body: { items: families.map(familyOf) } };
    }),
    defineRoute({
      method: 'get',
      path: '/v1/templates/{family}',
      tag: 'Templates',
      summary: 'Show a template with its source, variables and versions',
      scope: 'read',
      params: FamilyParams,
      query: z.strictObject({
        version: z.coerce.number().pipe(VersionField).optional().describe('The one in force when absent, or else the latest.'),
      }),
      responses: { 200: FamilyWithSource.describe('The template.') },
    }).handledBy(async ({ tenantId, params, query }) => ({
      status: 200,
      body: await database.withTenant(tenantId, (tx) => showFamily(tx, tenantId, params.family, query.version)),
    })),
    ...createVersionRoutes(dependencies),
    createPublishRoute(dependencies),
    createPreviewRoute(dependencies),
  ];
}

async function requireFamily(tx: TenantTransaction, tenantId: TenantId, family: string): Promise<TemplateFamily> {
  const found = await findTemplateFamily(tx, tenantId, family);
  if (!found) throw new DomainError('not_found', 'there is no such template');
  return found;
}

async function showFamily(tx: TenantTransaction, tenantId: TenantId, name: string, asked: number | undefined) {
  const family = await requireFamily(tx, tenantId, name);
  const version = asked ?? family.published ?? family.versions[0]?.version ?? LIBRARY_VERSION;
  const stored = await findTemplate(tx, tenantId, name, version);
  if (!stored) throw new DomainError('not_found', 'the template has no such version');
  const words = await readDefaultWords(tx, tenantId, name);
  return familyWithSource(family, { version, stored, words, isInLibrary: isInLibrary(name) });
}

function createVersionRoutes({ database, now }: TemplateRouteDependencies): readonly Route[] {
  const common = { method: 'post', tag: 'Templates', scope: 'templates:write', startsSomething: true } as const;
  const responses = { 201: NewVersion.describe('The version that was stored.') };
  const description =
    'Compiles and checks it, and answers with all that is wrong: where, and what was expected. It is not in force before it is published.';
  const add = async (at: { tenantId: TenantId; family: string; keyId: string }, source: TemplateSource, exists: boolean) => {
    const { tenantId, family, keyId: actor } = at;
    const check = (tx: TenantTransaction) => checkFamily(tx, tenantId, family, exists);
    await database.withTenant(tenantId, check);
    const compiled = await compile(source, family);
    const row = await database.withTenant(tenantId, async (tx) => {
      await check(tx);
      return addTemplateVersion(tx, { tenantId, family, source, compiled, actor, at: now() });
    });
    const body = newVersionOf(row, compiled.variables);
    return { status: 201 as const, body, headers: { Location: body.url } };
  };
  return [
    defineRoute({
      ...common,
      path: '/v1/templates',
      summary: 'Begin a template family of your own',
      description,
      body: Source.extend({ family: FamilyField }),
      responses,
    }).handledBy(({ tenantId, keyId, body: { family, ...source } }) => add({ tenantId, keyId, family }, sourceOf(source), false)),
    defineRoute({
      ...common,
      path: '/v1/templates/{family}/versions',
      summary: 'Store a new version of a template',
      description,
      params: FamilyParams,
      body: Source,
      responses,
    }).handledBy(({ tenantId, keyId, params: { family }, body }) => add({ tenantId, keyId, family }, sourceOf(body), true)),
  ];
}

async function checkFamily(tx: TenantTransaction, tenantId: TenantId, family: string, exists: boolean): Promise<void> {
  if (exists) await requireFamily(tx, tenantId, family);
  else if (await findTemplateFamily(tx, tenantId, family)) {
    throw new DomainError('conflict', `there is a template ${family} already: POST a version of it to /v1/templates/${family}/versions`);
  }
}

async function compile(source: TemplateSource, family: string): Promise<CompiledTemplate> {
  const compilation = await compileTemplate(source, purposeOf(family));
  if (compilation.kind === 'faulty') throw templateProblem(compilation.faults);
  return compilation.template;
}

function createPublishRoute({ database, now }: TemplateRouteDependencies): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/templates/{family}/publish',
    tag: 'Templates',
    summary: 'Put a version of a template in force',
    description: 'To undo it, publish an earlier version; 0 brings back that of the library. Mails that are sent from now on use it.',
    scope: 'templates:write',
    startsSomething: true,
    params: FamilyParams,
    body: z.strictObject({ version: VersionField }),
    responses: { 200: Family.describe('The template as it is now.') },
  }).handledBy(async ({ tenantId, keyId, params: { family }, body: { version } }) => {
    const published = await database.withTenant(tenantId, async (tx) => {
      await requireFamily(tx, tenantId, family);
      await publishTemplate(tx, { tenantId, family, version, actor: keyId, at: now() });
      return requireFamily(tx, tenantId, family);
    });
    return { status: 200, body: familyOf(published) };
  });
}
