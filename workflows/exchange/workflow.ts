import * as wf from '@temporalio/workflow';
import type { NotifyingActivities } from '../../activities/notifying/notifying.js';
import { describeFailure } from '../failures.js';
import { tenantIdAttribute } from '../search-attributes.js';
import type { ExchangeInput, ExchangeResult } from './contract.js';

// Retried a few times only: what an exchange leaves, the next one takes up, five minutes later.
const { listDueDeliveries, pollResponses } = wf.proxyActivities<NotifyingActivities>({
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '4 minutes',
  retry: { initialInterval: '2 seconds', maximumAttempts: 3 },
  priority: { priorityKey: 2 },
});

// Tried once: the outbox says when it is due again, and the exchange that finds it due tries again.
const { deliverSuggestions } = wf.proxyActivities<NotifyingActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { maximumAttempts: 1 },
  priority: { priorityKey: 2 },
});

/** Delivers what earlier walks could not, and fetches the answers that people gave at En Garde. */
export async function exchange({ tenantId }: ExchangeInput): Promise<ExchangeResult> {
  wf.upsertSearchAttributes([{ key: tenantIdAttribute, value: tenantId }]);
  const due = await listDueDeliveries.executeWithOptions({ summary: 'Which deliveries are due?' }, [{ tenantId }]);
  const deliveries: Record<string, string> = {};
  for (const walkDate of due) {
    const delivery = deliverSuggestions.executeWithOptions({ summary: `Deliver the suggestions of ${walkDate}` }, [{ tenantId, walkDate }]);
    deliveries[walkDate] = await delivery.then(({ kind }) => kind, describeFailure);
  }
  const responses = await pollResponses.executeWithOptions({ summary: 'Fetch the answers since the last exchange' }, [{ tenantId }]);
  return { deliveries, responses };
}
