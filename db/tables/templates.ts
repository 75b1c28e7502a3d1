import { integer, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { CompiledTemplate, TemplateSource } from '../../core/template/template.js';
import { analytics, timestamptz } from './schema.js';

export const templateVersions = analytics.table(
  'template_versions',
  {
    tenantId: uuid('tenant_id').notNull(),
    channel: text('channel').$type<'email'>().notNull(),
    family: text('family').notNull(),
    version: integer('version').notNull(),
    source: jsonb('source').$type<TemplateSource>().notNull(),
    compiled: jsonb('compiled').$type<CompiledTemplate>().notNull(),
    actor: text('actor').notNull(),
    createdAt: timestamptz('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.channel, table.family, table.version] })],
);

export const templatePublications = analytics.table(
  'template_publications',
  {
    tenantId: uuid('tenant_id').notNull(),
    channel: text('channel').$type<'email'>().notNull(),
    family: text('family').notNull(),
    number: integer('number').notNull(),
    version: integer('version'),
    actor: text('actor').notNull(),
    publishedAt: timestamptz('published_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.channel, table.family, table.number] })],
);

export const emailSenders = analytics.table('email_senders', {
  tenantId: uuid('tenant_id').primaryKey(),
  fromEmail: text('from_email').notNull(),
  fromName: text('from_name').notNull(),
  replyTo: text('reply_to'),
  brandName: text('brand_name').notNull(),
  brandUrl: text('brand_url'),
  postalAddress: text('postal_address').notNull(),
  inboundDomain: text('inbound_domain'),
  updatedAt: timestamptz('updated_at').notNull(),
});
