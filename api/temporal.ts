import {
  Client,
  Connection,
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { DomainError } from '../core/errors.js';
import type { LocalDate, TenantId } from '../core/ids.js';
import type { TestChange } from '../db/queries/test-changes.js';
import { abTestWorkflowId, abTestWorkflowType, updateNames, type AbTestInput, type TestChanged } from '../workflows/ab-test/contract.js';
import { walkTaskQueue } from '../workflows/task-queues.js';
import { changeCampaign, type CampaignControl } from './campaign-control.js';
import { applySchedules, type ScheduledTenant } from '../workflows/schedules.js';
import { updateWithStart } from './update-with-start.js';
import { walkerWorkflowId, walkerWorkflowType, type WalkerInput } from '../workflows/walker/contract.js';

export type WalkRequest = {
  readonly tenantId: TenantId;
  readonly walkDate: LocalDate;
  /** Events from this moment on are not seen; absent: now, or the end of a day that is past. */
  readonly asOf?: Date;
  /** Read the lake as it is now, although the day was walked before. */
  readonly refresh: boolean;
  /** Whose wish it was: an id of a key, never a name. */
  readonly requestedBy: string;
  /** Goes along to the workflow, so that its history and our log can be laid side by side. */
  readonly requestId: string;
};

/** What the API asks of Temporal. All throw `unavailable` when it cannot be reached. */
export type WalkerControl = {
  /** Starts a walk; a walk of that day that is running already is the same walk. */
  startWalk(request: WalkRequest): Promise<{ readonly workflowId: string }>;
  /** Whether a walk of that day is on its way, also before a worker has taken it up and written its row. */
  isUnderWay(walk: { readonly tenantId: TenantId; readonly walkDate: LocalDate }): Promise<boolean>;
  /** Makes the Schedule of a tenant what its time zone asks for. Doing it again changes nothing. */
  applySchedule(tenant: ScheduledTenant): Promise<void>;
};

export type TestChangeRequest = {
  readonly tenantId: TenantId;
  readonly testId: string;
  readonly change: TestChange;
  /** An id of a key, never a name. */
  readonly by: string;
  readonly requestId: string;
};

/** What the API asks of a running test. */
export type TestControl = {
  /** Passes a change to the workflow of the test, which is started where it does not run. */
  changeTest(request: TestChangeRequest): Promise<TestChanged>;
};

export type WalkerConnection = WalkerControl &
  TestControl &
  CampaignControl & {
    /** Rejects when Temporal cannot be reached, or does not know the namespace. */
    check(): Promise<void>;
    close(): Promise<void>;
  };

/** A person waits for the answer: what takes longer than this is told as unavailable. */
const CALL_DEADLINE_MS = 5_000;

/** Connects with the first call, and again whenever Temporal comes back: the API starts and serves without it. */
export function connectWalker({ address, namespace }: { readonly address: string; readonly namespace: string }): WalkerConnection {
  const connection = Connection.lazy({ address });
  const client = new Client({ connection, namespace });
  const within = <T>(call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + CALL_DEADLINE_MS, call).catch(translate);
  return {
    startWalk: (request) => within(() => startWalk(client, request)),
    isUnderWay: (walk) => within(() => isUnderWay(client, walk)),
    changeTest: (request) => within(() => changeTest(client, request)),
    changeCampaign: (request) => within(() => changeCampaign(client, request)),
    applySchedule: (tenant) => within(() => applySchedules(client.schedule, tenant)),
    check: () => within(() => connection.workflowService.describeNamespace({ namespace })).then(() => undefined),
    close: () => connection.close(),
  };
}

async function startWalk(client: Client, { asOf, ...walk }: WalkRequest): Promise<{ readonly workflowId: string }> {
  const workflowId = walkerWorkflowId(walk.tenantId, walk.walkDate);
  const input: WalkerInput = { ...walk, ...(asOf && { asOf: asOf.toISOString() }) };
  await client.workflow.start(walkerWorkflowType, {
    workflowId,
    taskQueue: walkTaskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo: { requestId: walk.requestId },
  });
  return { workflowId };
}

async function isUnderWay(client: Client, { tenantId, walkDate }: Parameters<WalkerControl['isUnderWay']>[0]): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(walkerWorkflowId(tenantId, walkDate)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function changeTest(client: Client, { tenantId, testId, change, by, requestId }: TestChangeRequest): Promise<TestChanged> {
  const { kind, ...details } = change;
  return updateWithStart<TestChanged>(client, {
    workflowType: abTestWorkflowType,
    workflowId: abTestWorkflowId(tenantId, testId),
    taskQueue: walkTaskQueue,
    input: { tenantId, testId } satisfies AbTestInput,
    summary: `A/B test ${testId}`,
    update: updateNames[kind],
    change: { ...details, by, requestId },
    tenantId,
    requestId,
  });
}

/** Errors of gRPC become `unavailable` where waiting helps; what we asked wrongly stays a fault of ours. */
function translate(error: unknown): never {
  const code = grpcCode(error);
  if (code !== undefined && WAITING_HELPS.has(code)) {
    throw new DomainError('unavailable', 'Temporal cannot be reached; try again in a few seconds', { cause: error });
  }
  throw error;
}

const WAITING_HELPS: ReadonlySet<number> = new Set([1, 4, 8, 14]); // cancelled, deadline exceeded, resource exhausted, unavailable

function grpcCode(error: unknown): number | undefined {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 4; // no worker took it up in time
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof ServiceError ? grpcCode(error.cause) : undefined;
}
