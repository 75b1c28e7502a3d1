import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { notifyingKeys } from '../activities/notifying/keys.js';
import type { Config } from '../config.js';
import type { LocalDate, TenantId } from '../core/ids.js';
import { openObjectStore } from '../store/objects.js';
import { walkTaskQueue } from '../workflows/task-queues.js';
import {
  walkerWorkflowId,
  walkerWorkflowType,
  walkProgressQueryName,
  type WalkerInput,
  type WalkerResult,
  type WalkProgress,
} from '../workflows/walker/contract.js';
import { startProgress } from './progress.js';
import { withTemporal } from './temporal.js';

const ASK_EVERY_MS = 300;
/** A query needs a worker: after so long without one, people are told what is missing. */
const QUERY_DEADLINE_MS = 5_000;

/** One walk for somebody at a terminal: progress while it lasts, then its brief. */
export async function walkAndPrint(config: Config, input: WalkerInput): Promise<void> {
  const { run, asOf } = await withTemporal(config, (client) => walkAndWatch(client, input));
  if (input.refresh) console.error(`Read anew, as of ${asOf} (run ${run}).`);
  else if (run > 1)
    console.error(`This day was walked before: the same events again, as of ${asOf} (run ${run}; --refresh reads them anew).`);
  await printBrief(config, input.tenantId, input.walkDate);
}

/** The brief of a walk on the standard output, and where it is kept on the standard error. */
export async function printBrief({ objects: store }: Pick<Config, 'objects'>, tenantId: TenantId, walkDate: LocalDate): Promise<void> {
  const objects = openObjectStore(store);
  const { brief, suggestions } = notifyingKeys(tenantId, walkDate);
  const text = await objects.get(brief);
  if (!text) throw new Error(`the brief is not where it should be: ${objects.locate(brief)}`);
  process.stdout.write(text);
  console.error(`\nThe brief is kept at ${objects.locate(brief)}`);
  console.error(`The suggestions as they are sent: ${objects.locate(suggestions)}`);
}

/** Starts a walk, or finds the one of that day that is under way, and shows its progress until it has ended, or nobody wants to see it. */
export async function walkAndWatch(client: Client, input: WalkerInput, signal?: AbortSignal): Promise<WalkerResult> {
  const handle = await client.workflow.start(walkerWorkflowType, {
    workflowId: walkerWorkflowId(input.tenantId, input.walkDate),
    taskQueue: walkTaskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `The walk of ${input.walkDate}, asked for by ${input.requestedBy}`,
  });
  const progress = startProgress(`Walk of ${input.walkDate}`);
  const watching = new AbortController();
  const watched = watch(client, handle, progress.update, watching.signal);
  try {
    const result = await (signal ? client.withAbortSignal(signal, () => endOf(handle)) : endOf(handle));
    progress.done(sentenceOf(result));
    return result;
  } catch (error) {
    progress.stop();
    signal?.throwIfAborted();
    if (error instanceof WorkflowFailedError)
      throw new Error(`the walk failed: ${error.cause?.message ?? error.message}`, { cause: error });
    throw error;
  } finally {
    watching.abort();
    await watched;
  }
}

async function watch(
  client: Client,
  handle: WorkflowHandle,
  update: (done: number, note: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const note = await client
      .withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.query<WalkProgress>(walkProgressQueryName))
      .then(noteOf, () => 'waiting for a worker (is `madansara worker` running?)');
    if (!signal.aborted) update(0, note);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

function noteOf({ phases, state }: WalkProgress): string {
  const current = phases.find((phase) => phase.state === 'running');
  if (!current) return state === 'opening' ? 'opening' : 'closing';
  return `${current.phase}, step ${Math.min(current.stepsDone + 1, current.stepsTotal)} of ${current.stepsTotal}`;
}

const endOf = async (handle: WorkflowHandle) => (await handle.result()) as WalkerResult;

const sentenceOf = ({ counts }: WalkerResult): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count.toLocaleString('en-US')} ${what}`)
    .join(', ');
