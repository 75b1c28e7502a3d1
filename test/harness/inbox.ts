import { randomUUID } from 'node:crypto';
import { createInAppChannel, type InAppDependencies } from '../../activities/channels/in-app.js';
import { sendStep, type SendingDependencies } from '../../activities/sending/send-step.js';
import { parseUserId, type TenantId, type UserId } from '../../core/ids.js';
import type { InAppMessage } from '../../core/message/in-app.js';
import type { Database } from '../../db/client.js';
import { deliverToInboxes, readInbox } from '../../db/queries/inbox.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { addCampaign, ADDRESS_KEY, firstStep } from './campaigns.js';
import type { TestDatabase } from './database.js';
import { AT } from './ledger.js';

export const plainInApp: InAppDependencies['render'] = (step, users) =>
  Promise.resolve(users.map(({ userId }) => ({ title: `Step ${step.stepKey}`, body: `For ${userId}` })));

export const inAppSending = (
  database: Pick<Database, 'pool' | 'withTenant'>,
  changes: { readonly render?: InAppDependencies['render']; readonly now?: () => Date } = {},
): SendingDependencies => ({
  database,
  ledgerKey: ADDRESS_KEY,
  channels: { in_app: createInAppChannel({ render: changes.render ?? plainInApp }) },
  now: changes.now ?? (() => AT),
  patience: { forMs: 5_000, everyMs: 10 },
});

/** In-app messages as a test sends them. */
export function inboxesOf(database: TestDatabase) {
  const addUsers = (tenantId: TenantId, people: readonly string[]) =>
    database.admin.query(
      'insert into users (tenant_id, user_id, first_seen) select $1, p, now() from unnest($2::text[]) p on conflict do nothing',
      [tenantId, people],
    );
  return {
    /** Users `u1` … without any contact, in the first batch of a campaign of their own. */
    async prepared(users: number, known?: TenantId): Promise<{ readonly tenantId: TenantId; readonly step: StepOfBatch }> {
      const tenantId = known ?? (await database.newTenant());
      await addUsers(
        tenantId,
        Array.from({ length: users }, (_, i) => `u${i + 1}`),
      );
      const { campaignId } = await addCampaign(database, tenantId, users);
      return { tenantId, step: { ...firstStep(tenantId, campaignId, users), channel: 'in_app' } };
    },
    send: (step: StepOfBatch, changes: Parameters<typeof inAppSending>[1] = {}) => sendStep(inAppSending(database, changes), step),
    /** A user, and a way to send them any number of messages at once: each is an entry of its own into one campaign. */
    async reader(tenantId: TenantId, user: string): Promise<Reader> {
      await addUsers(tenantId, [user]);
      const { campaignId } = await addCampaign(database, tenantId, 0);
      let entries = 0;
      return {
        tenantId,
        userId: parseUserId(user),
        async receive(messages) {
          const callId = randomUUID();
          const from = entries;
          entries += messages.length;
          const { rows } = await database.admin.query<{ id: number }>(
            `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, call_id, claimed_at, address_hash)
             select $1, $2, $3 + n, 1, $4, 'in_app', 0, 0, 'claimed', $5, now(), j.hash
             from generate_series(1, $6::int) n, judge_address($7, $1, 'in_app', $4, 'marketing', false, false) j returning message_id::float8 as id`,
            [tenantId, campaignId, from, user, callId, messages.length, ADDRESS_KEY],
          );
          const items = rows.map(({ id }, i) => ({ title: 'A message', body: '', ...messages[i], messageId: id }));
          await deliverToInboxes(database, tenantId, { callId, items, addressKey: ADDRESS_KEY, at: new Date() });
          return rows.map(({ id }) => id);
        },
      };
    },
    list: (tenantId: TenantId, user: string) =>
      readInbox(database, { tenantId, userId: parseUserId(user) }, { filter: 'all', before: undefined, limit: 1_000 }),
  };
}

export type Reader = {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Gives the ids of the messages. */
  receive(messages: readonly Partial<InAppMessage>[]): Promise<readonly number[]>;
};
