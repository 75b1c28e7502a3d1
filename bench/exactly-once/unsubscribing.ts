import { throughOutages } from '../../activities/sending/through-outages.js';
import { takeProviderEvents } from '../../db/queries/send-ledger.js';
import type { World } from './world.js';

/** Somebody unsubscribes by a mail that they have got, at best while their next one is being sent, and tries until it is done. */
export async function unsubscribeSomebody({ database, tenantId }: World, chance: number): Promise<void> {
  await throughOutages(async () => {
    const { rows } = await database.admin.query<{ id: number }>(
      `with got as (
         select m.message_id, exists (
           select from messages n where n.tenant_id = m.tenant_id and n.user_id = m.user_id and n.status = 'claimed') as is_next_under_way
         from messages m where m.tenant_id = $1 and m.sent_at is not null),
       best as (select message_id from got where is_next_under_way = (select bool_or(is_next_under_way) from got))
       select message_id::int as id from best order by message_id offset ($2::float8 * (select count(*) from best))::bigint limit 1`,
      [tenantId, chance],
    );
    const [message] = rows;
    if (message === undefined) return;
    const event = { eventId: `test-${message.id}`, messageId: message.id, kind: 'unsubscribed', at: new Date(), byMachine: false } as const;
    await takeProviderEvents(database, tenantId, 'madansara', [event]);
  });
}
