import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { Database } from '../../db/client.js';
import { findUser } from '../../db/queries/audience.js';
import { listJourneys, listMessagesOf, resolveUser, type JourneyPosition } from '../../db/queries/campaign-journeys.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { CampaignParams } from '../campaign-fields.js';
import { Journey, journeyOf, UserMessage, userMessageOf } from '../campaign-story-fields.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { page, PageQuery, UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

/** What became of single people's journeys and messages. */
export function createJourneyRoutes({ database }: { readonly database: Database }): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/campaigns/{campaign_id}/journeys',
      tag: 'Campaigns',
      summary: "List a campaign's journeys with their messages, or one user's",
      scope: 'read',
      params: CampaignParams,
      query: PageQuery.extend({ user_id: UserIdField.optional() }),
      responses: { 200: page(Journey).describe('A page of journeys.') },
    }).handledBy(async ({ tenantId, params, query: { limit, cursor, user_id: asked } }) => {
      const after = cursor === undefined ? undefined : decodeCursor('journeys', cursor, placeAt);
      return database.withTenant(tenantId, async (tx) => {
        const row = await requireCampaign(tx, tenantId, params.campaign_id);
        const userId = asked === undefined ? undefined : await resolveUser(tx, tenantId, asked);
        const stories = await listJourneys(tx, row, { userId, after, limit: limit + 1 });
        const { items, next_cursor } = cutPage('journeys', stories, limit, ({ journey: { batch, idx } }) => `${batch}.${idx}`);
        return { status: 200, body: { items: items.map(journeyOf), next_cursor } };
      });
    }),
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}/messages',
      tag: 'Users',
      summary: "List a user's messages of all campaigns, the latest first",
      scope: 'read',
      params: z.strictObject({ user_id: UserIdField }),
      query: PageQuery,
      responses: { 200: page(UserMessage).describe('A page of messages.') },
    }).handledBy(async ({ tenantId, params, query: { limit, cursor } }) => {
      const before = cursor === undefined ? undefined : decodeCursor('messages', cursor, numberAt);
      return database.withTenant(tenantId, async (tx) => {
        const found = await findUser(tx, tenantId, params.user_id);
        if (!found) throw new DomainError('not_found', 'there is no such user');
        const { userId } = found.user;
        const rows = await listMessagesOf(tx, tenantId, { userId, before, limit: limit + 1 });
        const { items, next_cursor } = cutPage('messages', rows, limit, ({ message }) => String(message.messageId));
        return { status: 200, body: { items: items.map(userMessageOf), next_cursor } };
      });
    }),
  ];
}

/** Where a page of a list that is in the order of numbers ended. */
export function numberAt(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RangeError('not a place in this list');
  return Number(text);
}

const GREATEST_BATCH = 2 ** 31 - 1;

function placeAt(text: string): JourneyPosition {
  const [, batch, idx] = /^(\d{1,10})\.(\d{1,3})$/.exec(text) ?? [];
  if (Number(batch) > GREATEST_BATCH || idx === undefined) throw new RangeError('not a place in this list');
  return { batch: Number(batch), idx: Number(idx) };
}
