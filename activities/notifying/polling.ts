import { z } from 'zod';
import { assertNever, DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { responseActions, responseChannels } from '../../core/suggestion/response.js';
import type { Database } from '../../db/client.js';
import { keepResponsesCursor, readResponsesCursor, respondToSuggestion, type Executors } from '../../db/queries/suggestion-responses.js';
import type { EngardeClient } from './engarde-client.js';

export type PollingDependencies = { readonly database: Database; readonly client: EngardeClient; readonly executors: Executors };

/** What became of the answers that were read: `refused` ones contradict a decision, `unknown` ones mean no suggestion of ours. */
export type ResponsesPolled = { readonly taken: number; readonly repeated: number; readonly refused: number; readonly unknown: number };

const PAGE = 100;
/** Of one poll; the next one goes on from the cursor. */
const MOST_PAGES = 20;

const Answer = z.object({
  id: z
    .union([z.string().min(1).max(255), z.number()])
    .transform(String)
    .optional(),
  suggestion_id: z.string().max(255),
  action: z.enum(responseActions),
  channel: z.enum(responseChannels),
});

/**
 * Reads people's answers at En Garde since the last poll, and takes each as if it had been posted here. The cursor is kept after
 * each page, so that a poll that breaks off repeats a page at most, which changes nothing.
 */
export async function pollResponses({ database, client, executors }: PollingDependencies, tenantId: TenantId): Promise<ResponsesPolled> {
  const counts = { taken: 0, repeated: 0, refused: 0, unknown: 0 };
  let cursor = await database.withTenant(tenantId, (tx) => readResponsesCursor(tx, tenantId));
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await client.listResponses({ tenantId, cursor, limit: PAGE });
    if (answer.kind !== 'answered') throw asError(answer);
    for (const given of answer.body.responses) counts[await take(database, executors, tenantId, given)] += 1;
    const next = answer.body.next_cursor;
    if (next === undefined || next === null || next === cursor) break;
    await database.withTenant(tenantId, (tx) => keepResponsesCursor(tx, tenantId, next));
    cursor = next;
  }
  return counts;
}

/** One answer that cannot be taken does not keep the others back. */
async function take(database: Database, executors: Executors, tenantId: TenantId, given: unknown): Promise<keyof ResponsesPolled> {
  const answer = Answer.safeParse(given).data;
  if (!answer) return 'unknown';
  const { id, suggestion_id: suggestionId, action, channel } = answer;
  const responseId = id === undefined ? undefined : `engarde:${id}`;
  try {
    const { isRepetition } = await respondToSuggestion(database, executors, { tenantId, suggestionId, action, channel, responseId });
    return isRepetition ? 'repeated' : 'taken';
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'not_found') return 'unknown';
    if (error.code === 'conflict') return 'refused';
    throw error;
  }
}

type NoAnswer = Exclude<Awaited<ReturnType<EngardeClient['listResponses']>>, { kind: 'answered' }>;

function asError(answer: NoAnswer): DomainError {
  switch (answer.kind) {
    case 'refused':
      return new DomainError('not_available', `En Garde does not give its responses: ${answer.because}`);
    case 'rate_limited':
      return new DomainError('rate_limited', 'En Garde asks to wait');
    case 'unavailable':
      return new DomainError('unavailable', `En Garde cannot be reached: ${answer.because}`);
    default:
      return assertNever(answer);
  }
}
