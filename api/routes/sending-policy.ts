import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../core/errors.js';
import type { Database } from '../../db/client.js';
import { putSendingPolicy, readSendingPolicy, type SendingPolicy } from '../../db/queries/sending-policy.js';
import { defineRoute, type Route } from '../route.js';
import { NewSendingPolicy, policyOf, policyShown, SendingPolicyShown } from '../sending-policy-fields.js';

export function createSendingPolicyRoutes({ database }: { readonly database: Database }): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/sending-policy',
      tag: 'Consent',
      summary: 'Show the hours, caps and topics that the tenant keeps beside the law',
      scope: 'read',
      responses: { 200: SendingPolicyShown.describe('The policy; all of it is empty as long as nobody has set it.') },
    }).handledBy(({ tenantId }) =>
      database.withTenant(tenantId, async (tx) => ({ status: 200, body: policyShown(await readSendingPolicy(tx, tenantId)) })),
    ),
    defineRoute({
      method: 'put',
      path: '/v1/sending-policy',
      tag: 'Consent',
      summary: 'Set the hours, caps and topics that the tenant keeps beside the law',
      description:
        'Replaces all of it. It holds for the next message of every campaign, also of those that run. Caps count from the first one on. ' +
        'Budgets of `auto_launch` let the next walk send by itself, so that a change of them needs the scope `campaigns:write` as well.',
      scope: 'consent:write',
      body: NewSendingPolicy,
      responses: { 200: SendingPolicyShown.describe('The policy as it is now.') },
    }).handledBy(({ tenantId, scopes, body }) =>
      database.withTenant(tenantId, async (tx) => {
        const policy = policyOf(body);
        if (!scopes.includes('campaigns:write')) refuseNewBudgets(policy, await readSendingPolicy(tx, tenantId));
        await putSendingPolicy(tx, tenantId, policy);
        return { status: 200, body: policyShown(await readSendingPolicy(tx, tenantId)) };
      }),
    ),
  ];
}

/** Whoever may not launch campaigns may not have them launched either; to end it is anybody's who may set the rest. */
function refuseNewBudgets({ launchBudgets = {} }: SendingPolicy, { launchBudgets: before = {} }: SendingPolicy): void {
  if (Object.keys(launchBudgets).length === 0 || isDeepStrictEqual(launchBudgets, before)) return;
  throw new DomainError('forbidden', 'budgets of auto_launch need a key with the scope campaigns:write beside consent:write');
}
