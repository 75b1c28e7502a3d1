import { WithStartWorkflowOperation, type Client, type Workflow } from '@temporalio/client';
import type { TenantId } from '../core/ids.js';

export type UpdateWithStart = {
  readonly workflowType: string;
  readonly workflowId: string;
  readonly taskQueue: string;
  /** Of the workflow, where it has to be started. */
  readonly input: unknown;
  readonly summary: string;
  readonly update: string;
  readonly change: unknown;
  readonly tenantId: TenantId;
  readonly requestId: string;
};

/** Passes a change to a workflow and gives its answer; one that does not run is started, and two at once find the same. */
export function updateWithStart<Answer>(client: Client, wish: UpdateWithStart): Promise<Answer> {
  const { workflowType, workflowId, taskQueue, input, summary, update, change, tenantId, requestId } = wish;
  const startWorkflowOperation = new WithStartWorkflowOperation(workflowType, {
    workflowId,
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: summary,
    memo: { requestId },
    priority: { fairnessKey: tenantId },
  });
  return client.workflow.executeUpdateWithStart<Workflow, Answer, [unknown]>(update, { args: [change], startWorkflowOperation });
}
