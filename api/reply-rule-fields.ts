import { z } from 'zod';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import { keywordFault } from '../core/message/reply-rules.js';
import { textWordsFaults } from '../core/template/text-message.js';
import type { TenantTransaction } from '../db/client.js';
import { requireCampaign } from '../db/queries/campaigns.js';
import type { ReplyRuleRow, ReplyRuleValues } from '../db/queries/reply-rules.js';
import { findWhatsappTemplate } from '../db/queries/whatsapp-templates.js';
import { parsedBy, storableText, Timestamp } from './fields.js';
import { FamilyField } from './template-fields.js';

const MOST_RULE_ID = 2 ** 53 - 1;
export const RuleParams = z.strictObject({
  rule_id: parsedBy(
    (text) => {
      const id = Number(text);
      if (!/^[1-9]\d{0,15}$/.test(text) || id > MOST_RULE_ID) throw new RangeError('the number of a rule is expected');
      return id;
    },
    z.string().meta({ maxLength: 16 }),
  ),
});

const Keyword = storableText(1, 100).superRefine((keyword, context) => {
  const message = keywordFault(keyword);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
const Message = storableText(1, 1_600).superRefine((words, context) => {
  for (const message of textWordsFaults(words)) context.addIssue({ code: 'custom', message });
});
const Channel = z.enum(['sms', 'whatsapp']);

/** A rule as a person writes it. */
export const NewRule = z
  .strictObject({
    name: storableText(1, 100).describe('What people call it.'),
    active: z.boolean().default(true).describe('A rule that is switched off answers nothing.'),
    priority: z.int().min(0).max(9).default(0).describe('Of several that fit, the highest answers, and then the oldest.'),
    answers_help: z.boolean().default(false).describe('For whoever asks for help (HELP, INFO, AYUDA …), in place of keywords.'),
    keywords: z.array(Keyword).max(50).default([]).describe('Words, or words in a row. One of them in a reply is enough.'),
    channel: Channel.nullable().default(null).describe('Null: either.'),
    campaign_id: z.string().max(100).nullable().default(null).describe('Only for whoever answers a message of this campaign.'),
    message: Message.nullable().default(null).describe('What is said, in Liquid: as in an SMS step.'),
    template: FamilyField.nullable().default(null).describe('Or the approved WhatsApp template that is sent.'),
    most_per_day: z.int().min(1).max(10).default(3).describe('So often a day at most to the same person.'),
  })
  .superRefine(({ answers_help: help, keywords, channel, message, template }, context) => {
    const fault = (path: string, text: string) => context.addIssue({ code: 'custom', path: [path], message: text });
    if (help === keywords.length > 0) fault('keywords', 'either keywords or answers_help is expected');
    if ((message === null) === (template === null)) fault('message', 'either a message or a template is expected');
    if (template !== null && channel !== 'whatsapp') fault('template', 'a template is for the channel whatsapp');
  });
export type NewRule = z.output<typeof NewRule>;

/** A rule as the database keeps it. Throws where its campaign or template is not there. */
export async function valuesOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  rule: NewRule,
  { actor, at }: { readonly actor: string; readonly at: Date },
): Promise<ReplyRuleValues> {
  const { name, active, priority, answers_help, keywords, channel, campaign_id, message, template, most_per_day } = rule;
  if (template !== null && !(await findWhatsappTemplate(tx, tenantId, template))) {
    throw new DomainError('conflict', `there is no WhatsApp template ${template}: PUT /v1/whatsapp-templates/${template} names one`);
  }
  const campaignId = campaign_id === null ? null : (await requireCampaign(tx, tenantId, campaign_id)).id;
  return {
    name,
    priority,
    keywords,
    channel,
    campaignId,
    message,
    template,
    actor,
    isActive: active,
    answersHelp: answers_help,
    mostPerDay: most_per_day,
    updatedAt: at,
  };
}

export const Rule = z.object({
  rule_id: z.string(),
  name: z.string(),
  active: z.boolean(),
  priority: z.int(),
  answers_help: z.boolean(),
  keywords: z.array(z.string()),
  channel: Channel.nullable(),
  campaign_id: z.string().nullable(),
  message: z.string().nullable(),
  template: z.string().nullable(),
  most_per_day: z.int(),
  updated_by: z.string().describe('The id of a key, or `command line`.'),
  updated_at: Timestamp,
});

export const ruleOf = (row: ReplyRuleRow): z.input<typeof Rule> => ({
  rule_id: String(row.ruleId),
  name: row.name,
  active: row.isActive,
  priority: row.priority,
  answers_help: row.answersHelp,
  keywords: [...row.keywords],
  channel: row.channel,
  campaign_id: row.campaignKey,
  message: row.message,
  template: row.template,
  most_per_day: row.mostPerDay,
  updated_by: row.actor,
  updated_at: row.updatedAt,
});
