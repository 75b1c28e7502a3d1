import { jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { CommentKeyword } from '../../core/message/comment-keywords.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import { analytics, bytea, timestamptz } from './schema.js';

export const socialAccounts = analytics.table(
  'social_accounts',
  {
    tenantId: uuid('tenant_id').notNull(),
    provider: text('provider').$type<SocialProvider>().notNull(),
    accountId: text('account_id').notNull(),
    sealedToken: bytea('sealed_token').notNull(),
    commentKeywords: jsonb('comment_keywords').$type<readonly CommentKeyword[]>().notNull().default([]),
    updatedAt: timestamptz('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.provider] })],
);
