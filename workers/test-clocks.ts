import type { Client } from '@temporalio/client';
import type { Database } from '../db/client.js';
import { listTenantIds } from '../db/queries/tenants.js';
import { testsWithoutClock } from '../db/queries/tests.js';
import { abTestWorkflowId, abTestWorkflowType, type AbTestInput } from '../workflows/ab-test/contract.js';

/**
 * Starts the workflow of each test whose row says that it runs and that nobody takes its looks. Doing it again, or from several
 * workers at once, starts none twice. Gives how many were started.
 */
export async function startTestClocks(database: Database, client: Client, taskQueue: string): Promise<number> {
  let started = 0;
  for (const tenantId of await listTenantIds(database)) {
    const testIds = await database.withTenant(tenantId, (tx) => testsWithoutClock(tx, tenantId));
    for (const testId of testIds) {
      const input: AbTestInput = { tenantId, testId };
      await client.workflow.start(abTestWorkflowType, {
        workflowId: abTestWorkflowId(tenantId, testId),
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `A/B test ${testId}`,
        priority: { fairnessKey: tenantId },
      });
      started += 1;
    }
  }
  return started;
}
