import { Context } from '@temporalio/activity';

const EVERY_MS = 3_000;

/** Tells Temporal every few seconds that `work` goes on. What computes for long must do so in another thread, or no beat gets out. */
export async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Ends an activity that is not wanted any more, between two of its steps. */
export function stopIfCancelled(): void {
  Context.current().cancellationSignal.throwIfAborted();
}
