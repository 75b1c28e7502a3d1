import { and, desc, eq, max, sql } from 'drizzle-orm';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { wordsFaults } from '../../core/template/compile-template.js';
import { isInLibrary, library, libraryTemplate } from '../../core/template/library/library.js';
import { withWords, wordsOfParts, type CompiledTemplate, type EmailWords, type TemplateSource } from '../../core/template/template.js';
import type { TenantTransaction } from '../client.js';
import { templatePublications, templateVersions } from '../tables/templates.js';
import { listTemplateDefaults } from './template-defaults.js';

/** The library's own version of a family. Versions of the tenant begin with 1. */
export const LIBRARY_VERSION = 0;

export type TemplateVersionRow = Omit<typeof templateVersions.$inferSelect, 'source' | 'compiled'>;
/** `published` is the version in force: 0 for the library's, null where a family of the tenant's own has none yet. */
export type TemplateFamily = {
  readonly family: string;
  readonly published: number | null;
  readonly versions: readonly TemplateVersionRow[];
};

/** All families: those of the library, and the tenant's own. */
export async function listTemplateFamilies(tx: TenantTransaction, tenantId: TenantId): Promise<TemplateFamily[]> {
  const rows = await tx.select(shown).from(templateVersions).where(ofTenant(tenantId)).orderBy(desc(templateVersions.version));
  const published = await readPublished(tx, tenantId);
  const families = new Set([...Object.keys(library), ...rows.map(({ family }) => family)]);
  return [...families].sort().map((family) => ({
    family,
    published: publishedOf(family, published),
    versions: rows.filter((row) => row.family === family),
  }));
}

/** A family with its versions, the latest first; nothing where there is none of that name. */
export async function findTemplateFamily(tx: TenantTransaction, tenantId: TenantId, family: string): Promise<TemplateFamily | undefined> {
  const versions = await tx.select(shown).from(templateVersions).where(ofFamily(tenantId, family)).orderBy(desc(templateVersions.version));
  if (versions.length === 0 && !isInLibrary(family)) return undefined;
  return { family, versions, published: publishedOf(family, await readPublished(tx, tenantId, family)) };
}

export type StoredTemplate = { readonly source: TemplateSource; readonly compiled: CompiledTemplate };

/** One version as it was written and compiled, without what tests have made of it. */
export async function findTemplate(
  tx: TenantTransaction,
  tenantId: TenantId,
  family: string,
  version: number,
): Promise<StoredTemplate | undefined> {
  if (version === LIBRARY_VERSION) {
    return isInLibrary(family) ? { source: library[family], compiled: await libraryTemplate(family) } : undefined;
  }
  const rows = await tx
    .select({ source: templateVersions.source, compiled: templateVersions.compiled })
    .from(templateVersions)
    .where(and(ofFamily(tenantId, family), eq(templateVersions.version, version)));
  return rows[0];
}

/**
 * The template of a family as it is sent: the version in force, or the one that is named, with the words of the last test that was
 * applied to the family. Nothing where there is no such family or version, or none in force.
 */
export async function readEmailTemplate(
  tx: TenantTransaction,
  tenantId: TenantId,
  family: string,
  version?: number,
): Promise<CompiledTemplate | undefined> {
  const wanted = version ?? publishedOf(family, await readPublished(tx, tenantId, family));
  const template = wanted === null ? undefined : await findTemplate(tx, tenantId, family, wanted);
  if (template === undefined) return undefined;
  return withWords(template.compiled, await readDefaultWords(tx, tenantId, family));
}

/** The words that the tests of a family have put in the place of its own. */
export async function readDefaultWords(tx: TenantTransaction, tenantId: TenantId, family: string): Promise<EmailWords> {
  const [current] = await listTemplateDefaults(tx, tenantId, family);
  return wordsOfParts(current?.parts ?? {});
}

export type NewTemplateVersion = StoredTemplate & {
  readonly tenantId: TenantId;
  readonly family: string;
  readonly actor: string;
  readonly at: Date;
};

/** Stores the next version of a family. It is not in force before it is published. */
export async function addTemplateVersion(
  tx: TenantTransaction,
  { tenantId, family, source, compiled, actor, at }: NewTemplateVersion,
): Promise<TemplateVersionRow> {
  await holdFamily(tx, tenantId, family);
  const latest = await tx
    .select({ version: max(templateVersions.version) })
    .from(templateVersions)
    .where(ofFamily(tenantId, family));
  const version = (latest[0]?.version ?? 0) + 1;
  const values = { tenantId, channel: 'email', family, version, source, compiled, actor, createdAt: at } as const;
  const [row] = await tx.insert(templateVersions).values(values).returning(shown);
  if (!row) throw new Error('the row of the version was not written');
  return row;
}

export type Publication = {
  readonly tenantId: TenantId;
  readonly family: string;
  /** 0 brings back the library's. */
  readonly version: number;
  readonly actor: string;
  readonly at: Date;
};

/** Puts a version in force; one that is so already stays so. Refused where a test's words would have no place in it. */
export async function publishTemplate(tx: TenantTransaction, { tenantId, family, version, actor, at }: Publication): Promise<void> {
  await holdFamily(tx, tenantId, family);
  const template = await findTemplate(tx, tenantId, family, version);
  if (template === undefined) throw new DomainError('not_found', `${family} has no version ${version}`);
  const [fault] = wordsFaults(await readDefaultWords(tx, tenantId, family), template.compiled);
  if (fault !== undefined) {
    throw new DomainError(
      'conflict',
      `a test has set the ${fault.field} of ${family}: ${fault.message}; roll the test back, or make a place for it`,
    );
  }
  const published = await readPublished(tx, tenantId, family);
  if (publishedOf(family, published) === version) return;
  await tx.insert(templatePublications).values({
    tenantId,
    channel: 'email',
    family,
    number: (published.get(family)?.number ?? 0) + 1,
    version: version === LIBRARY_VERSION ? null : version,
    actor,
    publishedAt: at,
  });
}

type Published = ReadonlyMap<string, { readonly number: number; readonly version: number | null }>;

/** The last publication of each family, or of one. */
async function readPublished(tx: TenantTransaction, tenantId: TenantId, family?: string): Promise<Published> {
  const { family: name, number, version, channel } = templatePublications;
  const rows = await tx
    .selectDistinctOn([name], { family: name, number, version })
    .from(templatePublications)
    .where(and(eq(templatePublications.tenantId, tenantId), eq(channel, 'email'), family === undefined ? undefined : eq(name, family)))
    .orderBy(name, desc(number));
  return new Map(rows.map((row) => [row.family, row]));
}

function publishedOf(family: string, published: Published): number | null {
  const version = published.get(family)?.version ?? null;
  return version ?? (isInLibrary(family) ? LIBRARY_VERSION : null);
}

const shown = {
  tenantId: templateVersions.tenantId,
  channel: templateVersions.channel,
  family: templateVersions.family,
  version: templateVersions.version,
  actor: templateVersions.actor,
  createdAt: templateVersions.createdAt,
};

const ofTenant = (tenantId: TenantId) => and(eq(templateVersions.tenantId, tenantId), eq(templateVersions.channel, 'email'));
const ofFamily = (tenantId: TenantId, family: string) => and(ofTenant(tenantId), eq(templateVersions.family, family));

/** Changes of one family wait for each other. */
const holdFamily = (tx: TenantTransaction, tenantId: TenantId, family: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`madansara template ${tenantId} ${family}`}, 0))`);
