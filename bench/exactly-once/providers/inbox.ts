import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { createInAppChannel, type InAppDependencies } from '../../../activities/channels/in-app.js';
import type { SendOutcome } from '../../../core/message/send-outcome.js';
import type { Database } from '../../../db/client.js';
import { RENDERING_MS, type BareMessage, type Provider, type Taken } from './provider.js';

const render: InAppDependencies['render'] = async ({ stepKey }, users) => {
  await sleep(RENDERING_MS * users.length);
  return users.map(({ userId }) => ({ title: `Step ${stepKey}`, body: `Hello ${userId}`, data: { step: stepKey } }));
};

/** Our own database: nothing of it is ever uncertain. */
export const inbox: Provider = {
  name: 'inbox',
  tenant: 'shop',
  ways: [{ name: 'in_app', channel: 'in_app' }],
  uncertainPerKill: 0,
  start({ database, tenantId, aheadMs }) {
    /** An item says for itself whose it is and of which step: two of one are the same message twice, whatever the ledger calls them. */
    async function taken(): Promise<readonly Taken[]> {
      const { rows } = await database.admin.query<{ id: number; at: number }>(
        `select min(message_id) over (partition by user_id, data->>'step')::float8 as id, extract(epoch from created_at)::float8 * 1000 as at
         from inbox_items where tenant_id = $1`,
        [tenantId],
      );
      return rows.map(({ id, at }) => ({ messageId: id, channel: 'in_app', atMs: at - aheadMs }));
    }
    return Promise.resolve({
      url: '',
      told: () => Promise.resolve({ pending: 0, unanswered: 0 }),
      taken,
      stop: () => Promise.resolve(),
    });
  },
  connect: ({ database }) => ({
    channels: { in_app: createInAppChannel({ render }) },
    async sendBare(_channel, messages) {
      const outcomes: SendOutcome[] = [];
      for (const message of messages) outcomes.push(await putBare(database, message));
      return outcomes;
    },
  }),
};

/** As somebody else's inbox takes it: whatever comes. */
async function putBare({ withTenant }: Pick<Database, 'withTenant'>, message: BareMessage): Promise<SendOutcome> {
  const { tenantId, userId, messageId, stepKey } = message;
  await withTenant(tenantId, (tx) =>
    tx.execute(sql`
      with numbered as (
        insert into inboxes (tenant_id, user_id, last_seq) values (${tenantId}, ${userId}, 1)
        on conflict (tenant_id, user_id) do update set last_seq = inboxes.last_seq + 1 returning last_seq)
      insert into inbox_items (tenant_id, user_id, seq, message_id, title, body, data, created_at)
      select ${tenantId}, ${userId}, last_seq, ${messageId}, 'Hello', '', jsonb_build_object('step', ${stepKey}::int), now() from numbered`),
  );
  return { kind: 'accepted', messageId: undefined };
}
