import { throughOutages } from '../../activities/sending/through-outages.js';
import type { TenantId } from '../../core/ids.js';
import { signToken } from '../../core/message/token.js';
import { waitUntil } from '../../sandbox/processes.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import type { World } from './world.js';

/**
 * Somebody unsubscribes by a mail that they have got, at best while their next one is being sent, and clicks until it is done. False
 * where nobody has got any yet.
 */
export async function unsubscribeSomebody(world: World, chance: number): Promise<boolean> {
  const found = await throughOutages(() => findMessage(world, ['email'], chance));
  if (found === undefined) return false;
  const url = `${world.receiverUrl}/v1/unsubscribe/${signToken(ADDRESS_KEY, { tenantId: found.tenant_id, messageId: found.id })}`;
  const click = async () => {
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    return answer?.status === 200;
  };
  if (!(await waitUntil(click, 60_000, 100))) throw new Error('nobody took the click for a minute');
  return true;
}

/** Somebody answers a text with STOP, at best while their next one is being sent. Twilio tells us once, whether or not we listen. */
export async function stopSomebody(world: World, chance: number): Promise<boolean> {
  const found = await throughOutages(() => findMessage(world, ['sms', 'whatsapp'], chance));
  if (found === undefined) return false;
  const addressed = (number: string) => (found.channel === 'whatsapp' ? `whatsapp:${number}` : number);
  const [ours = ''] = SANDBOX_ACCOUNT.smsNumbers;
  const body = JSON.stringify({ from: addressed(found.address), to: addressed(ours), body: 'STOP' });
  const answer = await fetch(`${world.providers.get('twilio')?.url}/sandbox/inbound`, { method: 'POST', body });
  await answer.body?.cancel();
  return answer.ok;
}

type Found = { readonly id: number; readonly tenant_id: TenantId; readonly channel: string; readonly address: string };

async function findMessage({ database, tenants }: World, channels: readonly string[], chance: number): Promise<Found | undefined> {
  const { rows } = await database.admin.query<Found>(
    `with got as (
       select m.tenant_id, m.message_id, m.channel, m.user_id, exists (
         select from messages n where n.tenant_id = m.tenant_id and n.user_id = m.user_id and n.channel = m.channel and n.status = 'claimed')
         as is_next_under_way
       from messages m where m.tenant_id = any ($1) and m.sent_at is not null and m.channel = any ($3)),
     best as (select * from got where is_next_under_way = (select bool_or(is_next_under_way) from got)),
     one as (select * from best order by message_id offset ($2::float8 * (select count(*) from best))::bigint limit 1)
     select o.tenant_id, o.message_id::int as id, o.channel, c.address
     from one o join contacts c on c.tenant_id = o.tenant_id and c.user_id = o.user_id and c.channel = o.channel`,
    [tenants.map(({ tenantId }) => tenantId), chance, channels],
  );
  return rows[0];
}
