import { bigint, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Offer } from '../../core/template/offer.js';
import { analytics, timestamptz } from './schema.js';

export const offers = analytics.table(
  'offers',
  {
    tenantId: uuid('tenant_id').notNull(),
    offerId: bigint('offer_id', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    offerKey: text('offer_key').notNull(),
    words: jsonb('words').$type<Offer>().notNull(),
    pattern: text('pattern'),
    createdBy: text('created_by').notNull(),
    createdAt: timestamptz('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.offerId] })],
);
