import { and, eq, sql } from 'drizzle-orm';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { RecommendedAction } from '../../core/suggestion/payload.js';
import {
  derivedResponseId,
  judgeResponse,
  settleExecution,
  type ActionOutcome,
  type ResponseAction,
  type ResponseChannel,
  type ResponseOutcome,
} from '../../core/suggestion/response.js';
import type { Database, TenantTransaction } from '../client.js';
import { suggestionResponses, suggestions } from '../tables/suggestions.js';
import { tenants } from '../tables/tenants.js';
import type { SuggestionRow } from './suggestions.js';

export type ExecutorCommand<A extends RecommendedAction = RecommendedAction> = {
  readonly tenantId: TenantId;
  readonly suggestion: SuggestionRow;
  /** Its place among the suggestion's recommended actions. */
  readonly position: number;
  readonly action: A;
};

/**
 * Starts what a suggestion recommends, in the transaction that accepts the suggestion: both happen, or neither. What it throws
 * undoes the answer, which may then be given again; what cannot be done for good it gives back as `failed`.
 */
export type Executor<A extends RecommendedAction = RecommendedAction> = (
  tx: TenantTransaction,
  command: ExecutorCommand<A>,
) => Promise<ExecutorOutcome>;

export type ExecutorOutcome =
  | { readonly kind: 'started'; readonly reference: string; readonly note?: string }
  | { readonly kind: 'not_available'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** By `action_type`. An action without an executor is answered as not available. */
export type Executors = {
  readonly [Type in RecommendedAction['action_type']]?: Executor<Extract<RecommendedAction, { action_type: Type }>>;
};

export type ResponseGiven = {
  readonly tenantId: TenantId;
  readonly suggestionId: string;
  readonly action: ResponseAction;
  readonly channel: ResponseChannel;
  /** The caller's id of this answer; without one, the same answer is the same. */
  readonly responseId?: string | undefined;
};

export type ResponseTaken = {
  readonly responseId: string;
  readonly outcome: ResponseOutcome;
  /** As it stands now. */
  readonly suggestion: SuggestionRow;
  readonly isRepetition: boolean;
};

/**
 * Takes a person's answer to a suggestion, whichever way it came. An answer with an id is one answer for ever: again, it
 * changes nothing and gets the same outcome. So does one without an id that says the same again, except that what could not be
 * executed is then tried again. Answers to one suggestion wait for each other.
 *
 * Throws `not_found` for a suggestion that is not there, `conflict` for an answer that contradicts the decision that was made,
 * and for an id that was used for another answer.
 */
export function respondToSuggestion(database: Database, executors: Executors, given: ResponseGiven): Promise<ResponseTaken> {
  const { tenantId, suggestionId, action, channel } = given;
  const responseId = given.responseId ?? derivedResponseId(given);
  return database.withTenant(tenantId, async (tx) => {
    const suggestion = await lockSuggestion(tx, tenantId, suggestionId);
    if (!suggestion) throw new DomainError('not_found', 'there is no such suggestion');
    const earlier = await findResponse(tx, tenantId, responseId);
    if (earlier && (earlier.suggestionId !== suggestionId || earlier.action !== action || earlier.channel !== channel)) {
      throw new DomainError('conflict', `the response id ${responseId} was used for another answer`);
    }
    const earlierOutcome = earlier && (earlier.outcome as ResponseOutcome);
    if (earlierOutcome && (given.responseId !== undefined || earlierOutcome.kind !== 'not_executed')) {
      return { responseId, outcome: earlierOutcome, suggestion, isRepetition: true };
    }
    const verdict = judgeResponse(suggestion.status, action);
    if (verdict.kind === 'refuse') throw new DomainError('conflict', `${verdict.because}: ${action} comes too late`);
    const settled =
      verdict.kind === 'settle' ? verdict : settleExecution(suggestion.status, await executeAll(tx, executors, tenantId, suggestion));
    await keepResponse(tx, { tenantId, responseId, suggestionId, action, channel, outcome: settled.outcome });
    const changed = settled.status === suggestion.status ? suggestion : await setStatus(tx, suggestion, settled.status);
    return { responseId, outcome: settled.outcome, suggestion: changed, isRepetition: false };
  });
}

async function executeAll(
  tx: TenantTransaction,
  executors: Executors,
  tenantId: TenantId,
  suggestion: SuggestionRow,
): Promise<readonly ActionOutcome[]> {
  const recommended = suggestion.payload['recommended_actions'];
  const outcomes: ActionOutcome[] = [];
  for (const [position, raw] of (Array.isArray(recommended) ? recommended : []).entries()) {
    const action = RecommendedAction.safeParse(raw).data;
    const executor = action && (executors[action.action_type] as Executor | undefined);
    if (action && executor) {
      const outcome = await executor(tx, { tenantId, suggestion, position, action });
      outcomes.push({ ...outcome, action_type: action.action_type });
    } else {
      const type = typeOf(raw);
      outcomes.push({ kind: 'not_available', action_type: type, reason: `this installation cannot execute ${type}` });
    }
  }
  return outcomes;
}

function typeOf(action: unknown): string {
  const type: unknown = typeof action === 'object' && action !== null && 'action_type' in action ? action.action_type : undefined;
  return typeof type === 'string' ? type : 'an action without a type';
}

async function lockSuggestion(tx: TenantTransaction, tenantId: TenantId, suggestionId: string): Promise<SuggestionRow | undefined> {
  const rows = await tx
    .select()
    .from(suggestions)
    .where(and(eq(suggestions.tenantId, tenantId), eq(suggestions.suggestionId, suggestionId)))
    .for('update');
  return rows[0];
}

async function findResponse(tx: TenantTransaction, tenantId: TenantId, responseId: string) {
  const rows = await tx
    .select()
    .from(suggestionResponses)
    .where(and(eq(suggestionResponses.tenantId, tenantId), eq(suggestionResponses.responseId, responseId)));
  return rows[0];
}

/** An answer that is tried again keeps its first time. */
async function keepResponse(tx: TenantTransaction, response: typeof suggestionResponses.$inferInsert): Promise<void> {
  const kept = await tx
    .insert(suggestionResponses)
    .values(response)
    .onConflictDoUpdate({
      target: [suggestionResponses.tenantId, suggestionResponses.responseId],
      set: { outcome: sql`excluded.outcome` },
      setWhere: eq(suggestionResponses.suggestionId, response.suggestionId),
    });
  // Two suggestions were answered at once under one id; the lock is by suggestion.
  if (kept.rowCount === 0) throw new DomainError('conflict', `the response id ${response.responseId} was used for another answer`);
}

async function setStatus(tx: TenantTransaction, suggestion: SuggestionRow, status: SuggestionRow['status']): Promise<SuggestionRow> {
  const rows = await tx
    .update(suggestions)
    .set({ status, updatedAt: sql`now()` })
    .where(and(eq(suggestions.tenantId, suggestion.tenantId), eq(suggestions.suggestionId, suggestion.suggestionId)))
    .returning();
  return rows[0] ?? suggestion;
}

/** How far En Garde's responses of the tenant have been read. */
export async function readResponsesCursor(tx: TenantTransaction, tenantId: TenantId): Promise<string | undefined> {
  const rows = await tx.select({ cursor: tenants.responsesCursor }).from(tenants).where(eq(tenants.tenantId, tenantId));
  return rows[0]?.cursor ?? undefined;
}

export async function keepResponsesCursor(tx: TenantTransaction, tenantId: TenantId, cursor: string): Promise<void> {
  await tx.update(tenants).set({ responsesCursor: cursor }).where(eq(tenants.tenantId, tenantId));
}
