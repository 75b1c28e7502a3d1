import { and, desc, eq, sql } from 'drizzle-orm';
import { DomainError } from '../../core/errors.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { templateDefaults } from '../tables/tests.js';
import type { TestRow } from './tests.js';

export type TemplateDefaultRow = typeof templateDefaults.$inferSelect;
export type DefaultChange = {
  readonly test: Pick<TestRow, 'tenantId' | 'id' | 'testKey' | 'design'>;
  readonly variation: Variation;
  readonly actor: string;
  readonly at: Date;
};

/** All versions of a family's default, the one in force first. */
export function listTemplateDefaults(tx: TenantTransaction, tenantId: TenantId | string, family: string): Promise<TemplateDefaultRow[]> {
  return tx
    .select()
    .from(templateDefaults)
    .where(and(eq(templateDefaults.tenantId, tenantId), eq(templateDefaults.templateFamily, family)))
    .orderBy(desc(templateDefaults.version));
}

/** Makes a variation the default of the test's template family. What the variation does not say stays as it was. */
export async function makeDefault(tx: TenantTransaction, { test, variation, actor, at }: DefaultChange): Promise<void> {
  const family = await holdFamily(tx, test);
  const [current] = await listTemplateDefaults(tx, test.tenantId, family);
  await tx.insert(templateDefaults).values({
    tenantId: test.tenantId,
    templateFamily: family,
    version: (current?.version ?? 0) + 1,
    parts: { ...current?.parts, ...variation.parts },
    action: 'apply',
    testId: test.id,
    variationId: variation.id,
    actor,
    changedAt: at,
  });
}

/** Brings back what was the default before the test's winner; refused when another test has changed it since. */
export async function restoreDefault(tx: TenantTransaction, { test, variation, actor, at }: DefaultChange): Promise<void> {
  const family = await holdFamily(tx, test);
  const [current, before] = await listTemplateDefaults(tx, test.tenantId, family);
  if (current?.action !== 'apply' || current.testId !== test.id) {
    throw new DomainError('conflict', `the default of ${family} was changed by another test since: roll that one back first`);
  }
  await tx.insert(templateDefaults).values({
    tenantId: test.tenantId,
    templateFamily: family,
    version: current.version + 1,
    parts: before?.parts ?? null,
    action: 'rollback',
    testId: test.id,
    variationId: variation.id,
    actor,
    changedAt: at,
  });
}

/** The family's name. Changes of one family wait for each other. */
async function holdFamily(tx: TenantTransaction, { tenantId, testKey, design }: DefaultChange['test']): Promise<string> {
  const { applyTo: family } = design;
  if (family !== null) {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`madansara template ${tenantId} ${family}`}, 0))`);
    return family;
  }
  throw new DomainError('conflict', `${testKey} names no template family (apply_to) of which its winner could become the default`);
}
