import { ApplicationFailure } from '@temporalio/activity';
import { assertNever } from '../../core/errors.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import { namedInErrors, retryDelayMs, type DeliveryDelay, type DeliveryOutcome } from '../../core/suggestion/delivery.js';
import { Suggestion } from '../../core/suggestion/payload.js';
import { payloadOf } from '../../core/suggestion/summary.js';
import type { Database } from '../../db/client.js';
import {
  claimDelivery,
  postponeDelivery,
  recordDelivery,
  refuseDelivery,
  takeFromOutbox,
  type Parcel,
} from '../../db/queries/suggestion-outbox.js';
import { countDelivered, markDelivered, undeliveredSuggestions } from '../../db/queries/suggestions.js';
import type { EngardeAnswer, EngardeClient, StoredAnswer } from './engarde-client.js';

export type DeliveryDependencies = {
  readonly database: Database;
  readonly client: EngardeClient;
  /** Longer than a request can take, look-up included. */
  readonly leaseMs: number;
};

type WalkOf = { readonly tenantId: TenantId; readonly walkDate: LocalDate };

/**
 * Delivers what the outbox holds of a walk. Where En Garde's answer was seen, nothing is sent again. Where it was not, En Garde
 * is asked first what it has, since it knows no idempotency key. Throws a failure with the time of the next try.
 */
export async function deliver(dependencies: DeliveryDependencies, walk: WalkOf): Promise<DeliveryOutcome> {
  const { database, client, leaseMs } = dependencies;
  const { tenantId, walkDate } = walk;
  const claim = await database.withTenant(tenantId, (tx) => claimDelivery(tx, tenantId, walkDate, leaseMs));
  switch (claim.kind) {
    case 'none':
      return nothingLeft(database, walk);
    case 'refused':
      return { kind: 'refused', because: claim.because };
    case 'not_yet':
      throw delayed('another delivery is under way or has to wait', claim.dueAt.getTime() - Date.now());
    case 'mine':
      break;
    default:
      return assertNever(claim);
  }
  const { parcel, attempt } = claim;
  if (attempt > 1) {
    const known = await client.listSuggestionIds(tenantId);
    if (known.kind === 'answered')
      await note(
        database,
        walk,
        parcel.suggestion_ids.filter((id) => known.body.has(id)),
        undefined,
      );
    // A definite no to the question is no answer to it, and no reason to keep the suggestions back.
    else if (known.kind !== 'refused') return postpone(dependencies, walk, attempt, known);
  }
  const pending = await pendingOf(database, walk, parcel);
  const payload = payloadOf({
    tenantId,
    asOf: parcel.as_of,
    suggestions: pending,
    audiences: parcel.audiences,
    moneyDigits: parcel.money_digits,
  });
  if (!payload) return finish(database, walk, { kind: 'delivered', delivered: parcel.suggestion_ids.length });
  const answer = await client.sendSuggestions(payload);
  switch (answer.kind) {
    case 'answered':
      return settle(
        dependencies,
        walk,
        pending.map(({ id }) => id),
        answer.body,
      );
    case 'refused':
      return refuse(database, walk, { kind: 'refused', because: answer.because });
    case 'rate_limited':
    case 'unavailable':
      return postpone(dependencies, walk, attempt, answer);
    default:
      return assertNever(answer);
  }
}

/** What the parcel names and En Garde is not known to have, as it is stored now. */
async function pendingOf(database: Database, { tenantId, walkDate }: WalkOf, parcel: Parcel): Promise<readonly Suggestion[]> {
  const rows = await database.withTenant(tenantId, (tx) => undeliveredSuggestions(tx, tenantId, walkDate));
  return rows.filter(({ suggestionId }) => parcel.suggestion_ids.includes(suggestionId)).map(({ payload }) => Suggestion.parse(payload));
}

/** En Garde has answered with a yes: all are stored, or it must be found out which are. */
async function settle(
  { database, client }: DeliveryDependencies,
  walk: WalkOf,
  sentIds: readonly string[],
  { success, batch_id, notifications_sent, suggestions_stored, errors }: StoredAnswer,
): Promise<DeliveryOutcome> {
  const without = success === false ? sentIds.length : Math.min(errors.length, sentIds.length);
  const missing = suggestions_stored === undefined ? without : Math.max(0, sentIds.length - suggestions_stored);
  const batch = batch_id === undefined ? {} : { batch_id };
  if (missing === 0) {
    await note(database, walk, sentIds, batch_id);
    return finish(database, walk, {
      kind: 'delivered',
      delivered: sentIds.length,
      ...batch,
      ...(notifications_sent !== undefined && { notifications_sent }),
      ...(errors.length > 0 && { errors: shortened(JSON.stringify(errors)) }),
    });
  }
  const failed = namedInErrors(sentIds, errors, missing) ?? (await missingAtEngarde(client, walk.tenantId, sentIds));
  // When nobody can say which are stored, none is sent again: told twice is worse than told in our own brief only.
  const stored = failed === undefined ? sentIds : sentIds.filter((id) => !failed.includes(id));
  await note(database, walk, stored, batch_id);
  const because = `En Garde did not store ${missing} of ${sentIds.length}: ${shortened(JSON.stringify(errors))}`;
  return refuse(database, walk, { kind: 'partly_delivered', delivered: sentIds.length - missing, missing, because, ...batch });
}

async function missingAtEngarde(
  client: EngardeClient,
  tenantId: TenantId,
  sentIds: readonly string[],
): Promise<readonly string[] | undefined> {
  const known = await client.listSuggestionIds(tenantId);
  return known.kind === 'answered' ? sentIds.filter((id) => !known.body.has(id)) : undefined;
}

async function note(
  database: Database,
  { tenantId }: WalkOf,
  suggestionIds: readonly string[],
  batchId: string | undefined,
): Promise<void> {
  await database.withTenant(tenantId, (tx) => markDelivered(tx, tenantId, { suggestionIds, batchId }));
}

async function nothingLeft(database: Database, { tenantId, walkDate }: WalkOf): Promise<DeliveryOutcome> {
  return database.withTenant(tenantId, async (tx) => {
    const outcome = { kind: 'nothing_to_deliver', delivered_before: await countDelivered(tx, tenantId, walkDate) } as const;
    await recordDelivery(tx, tenantId, walkDate, outcome);
    return outcome;
  });
}

async function finish(database: Database, { tenantId, walkDate }: WalkOf, outcome: DeliveryOutcome): Promise<DeliveryOutcome> {
  await database.withTenant(tenantId, async (tx) => {
    await takeFromOutbox(tx, tenantId, walkDate);
    await recordDelivery(tx, tenantId, walkDate, outcome);
  });
  return outcome;
}

async function refuse(
  database: Database,
  { tenantId, walkDate }: WalkOf,
  outcome: Extract<DeliveryOutcome, { readonly because: string }>,
): Promise<DeliveryOutcome> {
  await database.withTenant(tenantId, async (tx) => {
    await refuseDelivery(tx, tenantId, walkDate, outcome.because);
    await recordDelivery(tx, tenantId, walkDate, outcome);
  });
  return outcome;
}

type NotNow = Extract<EngardeAnswer<unknown>, { kind: 'rate_limited' | 'unavailable' }>;

async function postpone(
  { database }: DeliveryDependencies,
  { tenantId, walkDate }: WalkOf,
  attempt: number,
  answer: NotNow,
): Promise<never> {
  const because = answer.kind === 'rate_limited' ? 'En Garde asks to wait' : `En Garde cannot be reached: ${answer.because}`;
  const delayMs = retryDelayMs(attempt, answer.kind === 'rate_limited' ? answer.retryAfterMs : undefined);
  const delay: DeliveryDelay = { kind: 'delayed', because, attempt, retry_after_s: Math.ceil(delayMs / 1000) };
  await database.withTenant(tenantId, async (tx) => {
    await postponeDelivery(tx, tenantId, walkDate, delayMs);
    await recordDelivery(tx, tenantId, walkDate, delay);
  });
  throw delayed(because, delayMs, answer.kind === 'rate_limited' ? 'rate_limited' : 'unavailable');
}

function delayed(message: string, delayMs: number, type: 'unavailable' | 'rate_limited' = 'unavailable'): ApplicationFailure {
  // A moment more than the database waits: its clock decides what is due.
  return ApplicationFailure.create({ message, type, nonRetryable: false, nextRetryDelay: Math.max(0, delayMs) + 50 });
}

const shortened = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);
