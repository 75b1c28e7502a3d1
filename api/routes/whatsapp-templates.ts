import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { textWordsFaults } from '../../core/template/text-message.js';
import type { Database } from '../../db/client.js';
import {
  findWhatsappTemplate,
  listWhatsappTemplates,
  putWhatsappTemplate,
  type WhatsappTemplateRow,
} from '../../db/queries/whatsapp-templates.js';
import { RequestProblem } from '../errors.js';
import { storableText, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { FamilyParams } from '../template-fields.js';

const Body = z.strictObject({
  content_sid: z
    .string()
    .regex(/^HX[0-9a-fA-F]{32}$/, 'HX and 32 hexadecimal digits are expected')
    .describe('The id that Twilio gave to the content when it was submitted to Meta.'),
  variables: z
    .record(z.string().regex(/^\w{1,64}$/, 'letters, digits and _ are expected'), storableText(1, 1_000))
    .default({})
    .describe('What fills each place of it, in Liquid: `{"1": "{{ first_name | default: \\"there\\" }}"}`.'),
});

const Template = z.object({
  family: z.string(),
  content_sid: z.string(),
  variables: z.record(z.string(), z.string()),
  updated_by: z.string(),
  updated_at: Timestamp,
});

const templateOf = (row: WhatsappTemplateRow): z.input<typeof Template> => ({
  family: row.family,
  content_sid: row.contentSid,
  variables: { ...row.variables },
  updated_by: row.actor,
  updated_at: row.updatedAt,
});

type Dependencies = { readonly database: Database; readonly now: () => Date };

/** Texts that Meta has approved, which are the only ones that reach somebody who has not written within a day. */
export function createWhatsappTemplateRoutes({ database, now }: Dependencies): readonly Route[] {
  const common = { tag: 'Templates', scope: 'read' } as const;
  return [
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/whatsapp-templates',
      summary: 'List the approved WhatsApp templates that steps can name',
      responses: { 200: z.object({ items: z.array(Template) }).describe('All of them: there are few.') },
    }).handledBy(async ({ tenantId }) => {
      const rows = await database.withTenant(tenantId, (tx) => listWhatsappTemplates(tx, tenantId));
      return { status: 200, body: { items: rows.map(templateOf) } };
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/whatsapp-templates/{family}',
      summary: 'Show an approved WhatsApp template',
      params: FamilyParams,
      responses: { 200: Template.describe('The template.') },
    }).handledBy(async ({ tenantId, params }) => {
      const row = await database.withTenant(tenantId, (tx) => findWhatsappTemplate(tx, tenantId, params.family));
      if (!row) throw new DomainError('not_found', 'there is no such template');
      return { status: 200, body: templateOf(row) };
    }),
    defineRoute({
      ...common,
      method: 'put',
      path: '/v1/whatsapp-templates/{family}',
      summary: 'Name an approved WhatsApp template, and say what fills its places',
      scope: 'templates:write',
      params: FamilyParams,
      body: Body,
      responses: { 200: Template.describe('The template as it is now.') },
    }).handledBy(async ({ tenantId, keyId, params: { family }, body }) => {
      const faults = Object.entries(body.variables).flatMap(([name, liquid]) =>
        textWordsFaults(liquid).map((message) => ({ in: 'body' as const, path: `variables.${name}`, message })),
      );
      if (faults.length > 0)
        throw new RequestProblem('invalid', faults.map(({ path, message }) => `${path}: ${message}`).join('; '), { faults });
      const template = { tenantId, family, contentSid: body.content_sid, variables: body.variables, actor: keyId, updatedAt: now() };
      return { status: 200, body: templateOf(await database.withTenant(tenantId, (tx) => putWhatsappTemplate(tx, template))) };
    }),
  ];
}
