import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { Database } from '../../db/client.js';
import { findUser, type UserView } from '../../db/queries/audience.js';
import { readTenant } from '../../db/queries/tenants.js';
import { DateText, Fraction, JsonObject, Money, Timestamp, UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

const Features = z.object({
  walk_date: DateText.describe('The walk that computed them.'),
  recency_days: z.number(),
  frequency_30d: z.int(),
  frequency: z.int(),
  monetary: Money,
  engagement_score: z.number(),
  trend: z.number(),
});

const User = z.object({
  user_id: z.string().describe('Another one than was asked for, where that was merged into this.'),
  traits: JsonObject,
  time_zone: z.string().nullable(),
  first_seen: Timestamp.nullable(),
  last_seen: Timestamp.nullable(),
  features: Features.nullable().describe('Null until a walk has seen the user.'),
  segments: z.array(z.object({ segment_id: z.string(), name: z.string(), confidence: Fraction.nullable(), joined_at: Timestamp })),
});

function userOf({ user, features, segments }: UserView, currency: string): z.input<typeof User> {
  return {
    user_id: user.userId,
    traits: user.traits,
    time_zone: user.timeZone,
    first_seen: user.firstSeen,
    last_seen: user.lastSeen,
    features: features
      ? {
          walk_date: features.walkDate,
          recency_days: features.recencyDays,
          frequency_30d: features.frequency30d,
          frequency: features.frequency,
          monetary: { amount_minor: features.monetaryMinor, currency },
          engagement_score: features.engagementScore,
          trend: features.trend,
        }
      : null,
    segments: segments.map(({ segmentKey, name, confidence, joinedAt }) => ({
      segment_id: segmentKey,
      name,
      confidence,
      joined_at: joinedAt,
    })),
  };
}

export function createUserRoutes({ database }: { readonly database: Database }): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}',
      tag: 'Users',
      summary: 'Show a user: traits, features, segments',
      scope: 'read',
      params: z.strictObject({ user_id: UserIdField }),
      responses: { 200: User.describe('The user.') },
    }).handledBy(async ({ tenantId, params }) => {
      const found = await database.withTenant(tenantId, async (tx) => {
        const view = await findUser(tx, tenantId, params.user_id);
        const tenant = await readTenant(tx, tenantId);
        return view && tenant && { view, tenant };
      });
      if (!found) throw new DomainError('not_found', 'there is no such user');
      return { status: 200, body: userOf(found.view, found.tenant.currency) };
    }),
  ];
}
