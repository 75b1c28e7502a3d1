import { and, asc, eq, lte } from 'drizzle-orm';
import { learningsFrom, type Learning } from '../../core/experiment/learnings.js';
import type { Look } from '../../core/experiment/look.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { abTestLearnings, abTests } from '../tables/tests.js';
import type { TestRow } from './tests.js';

/** Keeps what a test taught that a look has ended. A test that was extended after that, and ends again, is learned from once. */
export async function keepLearnings(tx: TenantTransaction, { tenantId, id, testKey, design }: TestRow, look: Look): Promise<void> {
  const learnings = learningsFrom(testKey, design, look);
  if (learnings.length === 0) return;
  const learnedAt = new Date(look.atMs);
  await tx
    .insert(abTestLearnings)
    .values(learnings.map((learning) => ({ ...learning, tenantId, testId: id, learnedAt })))
    .onConflictDoNothing();
}

/** All that a tenant's tests had taught by a moment, the first one first. */
export async function listLearnings(tx: TenantTransaction, tenantId: TenantId, until: Date): Promise<Learning[]> {
  const rows = await tx
    .select({ learning: abTestLearnings, testKey: abTests.testKey })
    .from(abTestLearnings)
    .innerJoin(abTests, and(eq(abTests.tenantId, abTestLearnings.tenantId), eq(abTests.id, abTestLearnings.testId)))
    .where(and(eq(abTestLearnings.tenantId, tenantId), lte(abTestLearnings.learnedAt, until)))
    .orderBy(asc(abTestLearnings.testId), asc(abTestLearnings.variationId));
  return rows.map(({ testKey, learning }) => ({
    testId: testKey,
    variationId: learning.variationId,
    channel: learning.channel,
    metric: learning.metric,
    verdict: learning.verdict,
    changes: learning.changes,
    effect: learning.effect,
    standardError: learning.standardError,
  }));
}
