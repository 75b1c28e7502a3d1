import type { EngardeConfig } from '../../config.js';
import { renderBrief } from '../../core/brief/brief.js';
import { DomainError } from '../../core/errors.js';
import { minorDigitsOf } from '../../core/event/money.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { DeliveryOutcome } from '../../core/suggestion/delivery.js';
import { suggest } from '../../core/suggestion/suggest.js';
import { payloadOf } from '../../core/suggestion/summary.js';
import { testWinner } from '../../core/suggestion/test-winner.js';
import type { Database } from '../../db/client.js';
import { campaignsToTell } from '../../db/queries/campaign-telling.js';
import { plansToTell } from '../../db/queries/outreach-plans.js';
import { dueDeliveries, putUpForDelivery, recordDelivery, takeFromOutbox } from '../../db/queries/suggestion-outbox.js';
import type { Executors } from '../../db/queries/suggestion-responses.js';
import { audiencesOf, replaceSuggestions, segmentsOfWalk, undeliveredSuggestions } from '../../db/queries/suggestions.js';
import { readTenant } from '../../db/queries/tenants.js';
import { hypothesesOfTenant } from '../../db/queries/test-hypotheses.js';
import { runningOf, testsToTell, winnersToSuggest } from '../../db/queries/test-telling.js';
import { findWalk } from '../../db/queries/walks.js';
import type { ObjectStore } from '../../store/objects.js';
import { deliver } from './delivery.js';
import { createEngardeClient, LOOK_UP_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './engarde-client.js';
import { notifyingKeys } from './keys.js';
import { pollResponses, type ResponsesPolled } from './polling.js';

export type NotifyingDependencies = {
  readonly database: Database;
  readonly objects: ObjectStore;
  /** Absent: suggestions are kept and shown, and delivered to nobody. */
  readonly engarde?: EngardeConfig | undefined;
  readonly engardeAppUrl: string;
  /** What executes a recommended action, by its type. */
  readonly executors?: Executors;
  readonly requestTimeoutMs?: number;
};

export type SuggestionsOfWalk = {
  readonly suggestions: number;
  readonly segments: number;
  readonly briefKey: string;
  readonly suggestionsKey: string;
};

type WalkInput = { readonly tenantId: string; readonly walkDate: string };

const LEASE_SLACK_MS = 1_000;

export function createNotifyingActivities(dependencies: NotifyingDependencies) {
  const { database, engarde, requestTimeoutMs = REQUEST_TIMEOUT_MS } = dependencies;
  const client = engarde && createEngardeClient(engarde, requestTimeoutMs);
  // A look-up and a request, and a little for a process that slept.
  const leaseMs = Math.min(requestTimeoutMs, LOOK_UP_TIMEOUT_MS) + requestTimeoutMs + LEASE_SLACK_MS;
  return {
    /** Safe to retry: suggestions have derived ids, and artifacts are the same bytes. */
    writeSuggestions: (input: WalkInput): Promise<SuggestionsOfWalk> => writeSuggestions(dependencies, walkOf(input)),

    /**
     * Safe to retry: what En Garde has is not sent again. A failure says when to try again (`nextRetryDelay`); a definite no is
     * no failure but an outcome, since trying again cannot help.
     */
    async deliverSuggestions(input: WalkInput): Promise<DeliveryOutcome> {
      const walk = walkOf(input);
      if (client) return deliver({ database, client, leaseMs }, walk);
      const outcome = { kind: 'not_configured' } as const;
      await database.withTenant(walk.tenantId, (tx) => recordDelivery(tx, walk.tenantId, walk.walkDate, outcome));
      return outcome;
    },

    /** Safe to retry: it only reads. The dates of the walks whose suggestions En Garde must be told by now. */
    async listDueDeliveries(input: { readonly tenantId: string }): Promise<readonly LocalDate[]> {
      if (!client) return [];
      const tenantId = parseTenantId(input.tenantId);
      return database.withTenant(tenantId, (tx) => dueDeliveries(tx, tenantId));
    },

    /** Safe to retry: an answer that was taken is the same answer. */
    async pollResponses(input: { readonly tenantId: string }): Promise<ResponsesPolled> {
      const tenantId = parseTenantId(input.tenantId);
      if (!client) return { taken: 0, repeated: 0, refused: 0, unknown: 0 };
      return pollResponses({ database, client, executors: dependencies.executors ?? {} }, tenantId);
    },
  };
}

export type NotifyingActivities = ReturnType<typeof createNotifyingActivities>;

async function writeSuggestions(
  { database, objects, engarde, engardeAppUrl }: NotifyingDependencies,
  { tenantId, walkDate }: { readonly tenantId: TenantId; readonly walkDate: LocalDate },
): Promise<SuggestionsOfWalk> {
  const made = await database.withTenant(tenantId, async (tx) => {
    const tenant = await readTenant(tx, tenantId);
    const walk = await findWalk(tx, tenantId, walkDate);
    if (!tenant || !walk) throw new DomainError('not_found', `there is no walk of ${walkDate} for tenant ${tenantId}`);
    const asOf = walk.asOf.toISOString();
    const segments = await segmentsOfWalk(tx, tenantId, walkDate);
    const tests = await testsToTell(tx, tenantId, walk.asOf);
    const nextTests = await hypothesesOfTenant(tx, tenantId, { asOf: walk.asOf, running: runningOf(tests) });
    const campaigns = await campaignsToTell(tx, tenantId, walk.asOf);
    const outreach = await plansToTell(tx, tenantId, walkDate);
    const context = { tenantId, walkDate, engardeAppUrl, asOf, currency: tenant.currency };
    const { suggestions: opportunities, silences } = suggest(segments, context);
    const winners = (await winnersToSuggest(tx, tenantId, { walkDate, tests })).map((won) => testWinner(won, context));
    const suggestions = [...opportunities, ...winners];
    const audiences = await audiencesOf(
      tx,
      tenantId,
      opportunities.map((each) => each.segment.segment_id),
    );
    const moneyDigits = minorDigitsOf(tenant.currency);
    await replaceSuggestions(tx, tenantId, walkDate, suggestions);
    const undelivered = engarde ? await undeliveredSuggestions(tx, tenantId, walkDate) : [];
    const undecided = undelivered.filter(({ status }) => status !== 'rejected').map(({ suggestionId }) => suggestionId);
    const parcel = { as_of: asOf, money_digits: moneyDigits, suggestion_ids: undecided, audiences };
    if (undecided.length > 0) await putUpForDelivery(tx, tenantId, walkDate, parcel);
    else await takeFromOutbox(tx, tenantId, walkDate);
    const payload = payloadOf({ tenantId, asOf, suggestions, audiences, moneyDigits });
    return { tenantName: tenant.name, currency: tenant.currency, asOf, segments, silences, tests, nextTests, campaigns, outreach, payload };
  });
  const { brief: briefKey, suggestions: suggestionsKey } = notifyingKeys(tenantId, walkDate);
  const nothing = { agent_type: 'audience_intelligence', tenant_id: tenantId, timestamp: made.asOf, suggestions: [] };
  await objects.put(suggestionsKey, `${JSON.stringify(made.payload ?? nothing, null, 2)}\n`);
  await objects.put(briefKey, renderBrief({ ...made, walkDate, engardeAppUrl }));
  return { suggestions: made.payload?.suggestions.length ?? 0, segments: made.segments.length, briefKey, suggestionsKey };
}

const walkOf = ({ tenantId, walkDate }: WalkInput) => ({ tenantId: parseTenantId(tenantId), walkDate: parseLocalDate(walkDate) });
