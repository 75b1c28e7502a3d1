import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  isCancellation,
} from '@temporalio/workflow';

/** Why something failed, as one sentence for people: the cause at the bottom, and the step in which it happened. */
export function describeFailure(error: unknown): string {
  if (isCancellation(error)) return 'it was cancelled';
  if (error instanceof ActivityFailure) return `${stepName(error.activityType)}: ${describeCause(error.cause)}`;
  return describeCause(error);
}

/** The code of a failure, from the closed list of `core/errors.ts`; `unexpected` for what has none. */
export function failureCode(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return cause.type ?? 'unexpected';
  return cause instanceof TimeoutFailure ? 'unavailable' : 'unexpected';
}

function describeCause(cause: unknown): string {
  if (cause instanceof TimeoutFailure) return `no worker finished it in time (${cause.timeoutType})`;
  if (cause instanceof CancelledFailure || cause instanceof TerminatedFailure) return 'it was ended from outside';
  return cause instanceof Error ? cause.message : String(cause);
}

/** `computeFeatures` → `compute features`. */
const stepName = (activityType: string) => activityType.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
