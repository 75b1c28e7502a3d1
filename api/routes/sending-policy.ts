import type { Database } from '../../db/client.js';
import { putSendingPolicy, readSendingPolicy } from '../../db/queries/sending-policy.js';
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
        'Replaces all of it. It holds for the next message of every campaign, also of those that run. Caps count from the first one on.',
      scope: 'consent:write',
      body: NewSendingPolicy,
      responses: { 200: SendingPolicyShown.describe('The policy as it is now.') },
    }).handledBy(({ tenantId, body }) =>
      database.withTenant(tenantId, async (tx) => {
        await putSendingPolicy(tx, tenantId, policyOf(body));
        return { status: 200, body: policyShown(await readSendingPolicy(tx, tenantId)) };
      }),
    ),
  ];
}
