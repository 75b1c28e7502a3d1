import { ActivityFailure, ApplicationFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { NotifyingActivities } from '../../activities/notifying/notifying.js';
import type { WalkCounts } from './contract.js';
import type { OpenWalk, Steps } from './phase.js';

// Retried until the day is no longer worth walking: suggestions have derived ids, and artifacts are the same bytes.
const { writeSuggestions } = proxyActivities<NotifyingActivities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '6 hours',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  priority: { priorityKey: 2 },
});

// Retried for a minute or two, when the failure says so. Longer a walk does not wait: the outbox keeps what En Garde has not,
// and the exchange, every few minutes, delivers it.
const { deliverSuggestions } = proxyActivities<NotifyingActivities>({
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '2 minutes',
  retry: { initialInterval: '2 seconds' },
  priority: { priorityKey: 2 },
});

/** Suggestions and the brief are written, and told to En Garde. */
export async function notification(walk: OpenWalk, { expect, step }: Steps): Promise<WalkCounts> {
  expect(2);
  const written = await step(writeSuggestions.executeWithOptions({ summary: 'Compute suggestions, write the brief' }, [walk]));
  const delivery = deliverSuggestions.executeWithOptions({ summary: 'Deliver the suggestions to En Garde' }, [walk]);
  const outcome = await step(
    delivery.catch((failure: unknown) => {
      if (isOutage(failure)) return undefined;
      throw failure;
    }),
  );
  return {
    suggestions: written.suggestions,
    'suggestions delivered': outcome !== undefined && 'delivered' in outcome ? outcome.delivered : 0,
  };
}

/** En Garde could not be reached, or asked to wait: the walk's record says so, and the exchange goes on. */
function isOutage(failure: unknown): boolean {
  const cause = failure instanceof ActivityFailure ? failure.cause : undefined;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && /^(unavailable|rate_limited)$/.test(cause.type ?? ''));
}
