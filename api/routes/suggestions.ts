import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { parseLocalDate } from '../../core/ids.js';
import { Priority } from '../../core/suggestion/payload.js';
import { responseActions, responseChannels, suggestionStatuses } from '../../core/suggestion/response.js';
import type { Database } from '../../db/client.js';
import { respondToSuggestion, type Executors } from '../../db/queries/suggestion-responses.js';
import {
  findSuggestion,
  listResponses,
  listSuggestions,
  type ResponseRow,
  type SuggestionPosition,
  type SuggestionRow,
} from '../../db/queries/suggestions.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { DateText, JsonObject, LocalDateField, page, PageQuery, storableText, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

export type SuggestionRouteDependencies = { readonly database: Database; readonly executors?: Executors };

const Suggestion = z.object({
  suggestion_id: z.string().describe('`sg_aud_…`'),
  walk_date: DateText,
  type: z.string(),
  priority: Priority,
  status: z.enum(suggestionStatuses).describe('accepted and rejected are final.'),
  payload: JsonObject.describe('As En Garde receives it, with the basis of every figure.'),
  delivered_at: Timestamp.nullable().describe('When En Garde was known to have it.'),
  batch_id: z.string().nullable().describe("En Garde's id of the batch."),
  created_at: Timestamp,
  updated_at: Timestamp,
  url: z.string(),
});

const Response = z.object({
  response_id: z.string(),
  action: z.enum(responseActions),
  channel: z.enum(responseChannels),
  outcome: JsonObject.describe('What became of it: `kind`, and for an execution each action with `started`, `not_available` or `failed`.'),
  responded_at: Timestamp,
});

const SuggestionWithResponses = Suggestion.extend({ responses: z.array(Response).describe('The first one first.') });

const urlOf = (suggestionId: string): string => `/v1/suggestions/${suggestionId}`;

function suggestionOf(row: SuggestionRow): z.input<typeof Suggestion> {
  return {
    suggestion_id: row.suggestionId,
    walk_date: row.walkDate,
    type: row.type,
    priority: row.priority,
    status: row.status,
    payload: row.payload,
    delivered_at: row.deliveredAt,
    batch_id: row.batchId,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    url: urlOf(row.suggestionId),
  };
}

const responseOf = (row: ResponseRow): z.input<typeof Response> => ({
  response_id: row.responseId,
  action: row.action,
  channel: row.channel,
  outcome: row.outcome,
  responded_at: row.respondedAt,
});

const positionText = ({ walkDate, suggestionId }: SuggestionPosition): string => `${walkDate}/${suggestionId}`;

function parsePosition(text: string): SuggestionPosition {
  return { walkDate: parseLocalDate(text.slice(0, 10)), suggestionId: text.slice(11) };
}

const SuggestionParams = z.strictObject({ suggestion_id: storableText(1, 255).describe('`sg_aud_…`') });

export function createSuggestionRoutes({ database, executors = {} }: SuggestionRouteDependencies): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/suggestions',
      tag: 'Suggestions',
      summary: 'List suggestions, those of the latest walk first',
      scope: 'read',
      query: PageQuery.extend({
        status: z.enum(suggestionStatuses).optional(),
        priority: Priority.optional(),
        type: storableText(1, 100).optional().describe('`segment_opportunity`'),
        walk_date: LocalDateField.optional(),
      }),
      responses: { 200: page(Suggestion).describe('A page of suggestions.') },
    }).handledBy(async ({ tenantId, query: { limit, cursor, walk_date: walkDate, ...filter } }) => {
      const after = cursor === undefined ? undefined : decodeCursor('suggestions', cursor, parsePosition);
      const rows = await database.withTenant(tenantId, (tx) =>
        listSuggestions(tx, tenantId, { filter: { ...filter, walkDate }, after, limit: limit + 1 }),
      );
      const { items, next_cursor } = cutPage('suggestions', rows, limit, positionText);
      return { status: 200, body: { items: items.map(suggestionOf), next_cursor } };
    }),
    defineRoute({
      method: 'get',
      path: '/v1/suggestions/{suggestion_id}',
      tag: 'Suggestions',
      summary: 'Show a suggestion with the answers to it',
      scope: 'read',
      params: SuggestionParams,
      responses: { 200: SuggestionWithResponses.describe('The suggestion.') },
    }).handledBy(async ({ tenantId, params: { suggestion_id: suggestionId } }) => {
      const found = await database.withTenant(tenantId, async (tx) => {
        const row = await findSuggestion(tx, tenantId, suggestionId);
        return row && { row, responses: await listResponses(tx, tenantId, suggestionId) };
      });
      if (!found) throw new DomainError('not_found', 'there is no such suggestion');
      return { status: 200, body: { ...suggestionOf(found.row), responses: found.responses.map(responseOf) } };
    }),
    answerSuggestion({ database, executors }),
  ];
}

const Taken = z.object({
  response_id: z.string().describe('Give it again to repeat this very answer.'),
  action: z.enum(responseActions),
  repeated: z.boolean().describe('It had been taken before, and changed nothing now.'),
  outcome: JsonObject.describe('What became of it.'),
  suggestion: Suggestion.describe('As it stands now.'),
});

function answerSuggestion({ database, executors }: Required<SuggestionRouteDependencies>): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/suggestions/{suggestion_id}/responses',
    tag: 'Suggestions',
    summary: 'Answer a suggestion',
    description:
      'execute starts the recommended actions; an action that this installation cannot start is answered with `not_available`, and when ' +
      'none was started the suggestion stays as it was. pause leaves the decision open. The first execute or reject decides: an answer ' +
      'that contradicts it is a conflict. An answer with a response_id is taken once, however often it comes; without one, so is an ' +
      'answer of the same action and channel.',
    scope: 'suggestions:respond',
    params: SuggestionParams,
    body: z.strictObject({
      action: z.enum(responseActions),
      channel: z.enum(responseChannels).default('in_app'),
      response_id: storableText(1, 200).optional().describe("The caller's id of this answer."),
      suggestion_id: storableText(1, 255).optional().describe('As in the path, for callers that send the same body to En Garde.'),
    }),
    responses: { 200: Taken.describe('The answer was taken.') },
  }).handledBy(async ({ tenantId, params: { suggestion_id: suggestionId }, body }) => {
    if (body.suggestion_id !== undefined && body.suggestion_id !== suggestionId) {
      throw new DomainError('invalid', 'body suggestion_id: another suggestion than that of the path');
    }
    const { action, channel, response_id: responseId } = body;
    const taken = await respondToSuggestion(database, executors, { tenantId, suggestionId, action, channel, responseId });
    return {
      status: 200,
      body: {
        response_id: taken.responseId,
        action,
        repeated: taken.isRepetition,
        outcome: { ...taken.outcome },
        suggestion: suggestionOf(taken.suggestion),
      },
    };
  });
}
