import { sql } from 'drizzle-orm';
import type { EngagementChannel } from '../../core/event/engagement.js';
import { bestSlot, type HourCount } from '../../core/journey/best-slot.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import type { Slots } from '../tables/campaigns.js';

/** Of a channel so many messages are looked at, the latest ones: habits of long ago are others. */
const LATEST = 100_000;

/**
 * The hours of their own clocks at which a tenant's people open or answer messages, by channel: for those of whom nothing better was
 * learned. A channel on which too little was seen is absent.
 */
export async function usualSlots(
  tx: TenantTransaction,
  tenantId: TenantId,
  { channels, homeZone }: { readonly channels: readonly EngagementChannel[]; readonly homeZone: string },
): Promise<Slots> {
  const slots: Partial<Record<EngagementChannel, NonNullable<ReturnType<typeof bestSlot>>>> = {};
  for (const channel of channels) {
    const { rows } = await tx.execute<HourCount>(sql`
      select extract(hour from m.at at time zone coalesce(u.time_zone, ${homeZone}))::int as hour, count(*)::int as count
      from (
        select m.user_id, least(m.opened_at, m.clicked_at, m.replied_at) as at from messages m
        where m.tenant_id = ${tenantId} and m.channel = ${channel} order by m.message_id desc limit ${LATEST}) m
      join users u on u.tenant_id = ${tenantId} and u.user_id = m.user_id
      where m.at is not null
      group by 1`);
    const slot = bestSlot(rows);
    if (slot) slots[channel] = slot;
  }
  return slots;
}
