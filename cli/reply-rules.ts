import { NewRule, valuesOf } from '../api/reply-rule-fields.js';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import { addReplyRule, changeReplyRule, listReplyRules } from '../db/queries/reply-rules.js';
import { requireTenant, withDatabase } from './database.js';
import { tableLines } from './table.js';

const ACTOR = 'command line';

export function list(tenant: TenantId): Promise<void> {
  return withDatabase('reply-rules', async (database) => {
    await requireTenant(database, tenant);
    const rules = await database.withTenant(tenant, (tx) => listReplyRules(tx, tenant));
    const rows = rules.map(({ ruleId, name, isActive, priority, answersHelp, keywords, channel, campaignKey, message, template }) => [
      String(ruleId),
      name,
      isActive ? 'on' : 'off',
      String(priority),
      channel ?? 'either',
      campaignKey ?? 'any',
      answersHelp ? '(asks for help)' : keywords.join(', '),
      message ?? `template ${template}`,
    ]);
    for (const line of tableLines([['rule', 'name', '', 'priority', 'channel', 'campaign', 'when', 'says'], ...rows])) console.log(line);
  });
}

/** Adds the rule that a file describes, or says by it anew what one is. */
export function put(tenant: TenantId, { text, rule }: { readonly text: string; readonly rule: number | undefined }): Promise<void> {
  const wanted = parseRule(text);
  return withDatabase('reply-rules', async (database) => {
    await requireTenant(database, tenant);
    const ruleId = await database.withTenant(tenant, async (tx) => {
      const values = await valuesOf(tx, tenant, wanted, { actor: ACTOR, at: new Date() });
      if (rule === undefined) return addReplyRule(tx, tenant, values);
      if (!(await changeReplyRule(tx, tenant, rule, values))) throw new DomainError('not_found', `the tenant has no rule ${rule}`);
      return rule;
    });
    console.log(`Rule ${ruleId}: ${wanted.name}, ${wanted.active ? 'on' : 'off'}`);
  });
}

export function toggle(tenant: TenantId, { rule, active }: { readonly rule: number; readonly active: boolean }): Promise<void> {
  return withDatabase('reply-rules', async (database) => {
    await requireTenant(database, tenant);
    const changed = await database.withTenant(tenant, (tx) =>
      changeReplyRule(tx, tenant, rule, { isActive: active, actor: ACTOR, updatedAt: new Date() }),
    );
    if (!changed) throw new DomainError('not_found', `the tenant has no rule ${rule}`);
    console.log(`Rule ${rule} is ${active ? 'on' : 'off'}`);
  });
}

function parseRule(text: string): NewRule {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error('the file is not JSON', { cause });
  }
  const parsed = NewRule.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 20).map(({ path, message }) => `  - ${path.join('.')}: ${message}`);
  throw new DomainError('invalid', ['this cannot be a rule:', ...faults].join('\n'));
}
