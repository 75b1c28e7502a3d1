import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { addReplyRule, changeReplyRule, findReplyRule, listReplyRules, type ReplyRuleRow } from '../../db/queries/reply-rules.js';
import { NewRule, Rule, RuleParams, ruleOf, valuesOf } from '../reply-rule-fields.js';
import { defineRoute, type Route } from '../route.js';

type Dependencies = { readonly database: Database; readonly now: () => Date };

/** What a tenant lets be answered without a person. */
export function createReplyRuleRoutes({ database, now }: Dependencies): readonly Route[] {
  const common = { tag: 'Replies', scope: 'read' } as const;
  const writing = { tag: 'Replies', scope: 'campaigns:write' } as const;
  return [
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/reply-rules',
      summary: 'List the rules by which replies are answered',
      responses: { 200: z.object({ items: z.array(Rule) }).describe('All of them, the oldest first: there are few.') },
    }).handledBy(async ({ tenantId }) => {
      const rows = await database.withTenant(tenantId, (tx) => listReplyRules(tx, tenantId));
      return { status: 200, body: { items: rows.map(ruleOf) } };
    }),
    defineRoute({
      ...writing,
      method: 'post',
      path: '/v1/reply-rules',
      summary: 'Add a rule by which replies are answered',
      description: 'It answers what comes from now on, at most once a reply. Who has left, or may be a robot, gets no answer.',
      startsSomething: true,
      body: NewRule,
      responses: { 201: Rule.describe('The rule.') },
    }).handledBy(async ({ tenantId, keyId, body }) => {
      const row = await database.withTenant(tenantId, async (tx) => {
        const ruleId = await addReplyRule(tx, tenantId, await valuesOf(tx, tenantId, body, { actor: keyId, at: now() }));
        return requireRule(tx, tenantId, ruleId);
      });
      return { status: 201, body: ruleOf(row), headers: { Location: `/v1/reply-rules/${row.ruleId}` } };
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/reply-rules/{rule_id}',
      summary: 'Show a rule by which replies are answered',
      params: RuleParams,
      responses: { 200: Rule.describe('The rule.') },
    }).handledBy(async ({ tenantId, params }) => {
      const row = await database.withTenant(tenantId, (tx) => requireRule(tx, tenantId, params.rule_id));
      return { status: 200, body: ruleOf(row) };
    }),
    defineRoute({
      ...writing,
      method: 'put',
      path: '/v1/reply-rules/{rule_id}',
      summary: 'Say anew what a rule is, or switch it off',
      params: RuleParams,
      body: NewRule,
      responses: { 200: Rule.describe('The rule as it is now.') },
    }).handledBy(async ({ tenantId, keyId, params: { rule_id: ruleId }, body }) => {
      const row = await database.withTenant(tenantId, async (tx) => {
        await changeReplyRule(tx, tenantId, ruleId, await valuesOf(tx, tenantId, body, { actor: keyId, at: now() }));
        return requireRule(tx, tenantId, ruleId);
      });
      return { status: 200, body: ruleOf(row) };
    }),
  ];
}

async function requireRule(tx: TenantTransaction, tenantId: TenantId, ruleId: number): Promise<ReplyRuleRow> {
  const row = await findReplyRule(tx, tenantId, ruleId);
  if (!row) throw new DomainError('not_found', 'there is no such rule');
  return row;
}
