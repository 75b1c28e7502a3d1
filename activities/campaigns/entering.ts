import { tickFor } from '../../core/journey/due-time.js';
import { nextEntry } from '../../core/journey/entries.js';
import type { Plan } from '../../core/journey/plan.js';
import type { TenantTransaction } from '../../db/client.js';
import { areAwaited, enterPeople, holdUsers, readEntrants, removeEntrants, type Entrant } from '../../db/queries/campaign-entries.js';
import { holdCampaign, readPlan, type CampaignRow } from '../../db/queries/campaigns.js';
import type { Tenant } from '../../db/queries/tenants.js';
import type { Slots } from '../../db/tables/campaigns.js';
import { BATCH, homeSlotsOf, requireTenant } from './audience.js';

export type Entered = { readonly campaign: CampaignRow; readonly areMore: boolean };
export type EnteringNow = { readonly at: Date; readonly slots: SlotsMemory };

/**
 * Decides upon those who wait longest, and lets those enter as one batch whom the campaign's rule lets; in the transaction that takes
 * them from the queue, so that each is decided upon once. `areMore`: a whole batch waits still.
 */
export async function enterThoseWaiting(tx: TenantTransaction, campaign: CampaignRow, { at, slots }: EnteringNow): Promise<Entered> {
  await holdUsers(tx, campaign);
  const row = await holdCampaign(tx, campaign);
  if (row.status !== 'running' || row.recipients === null) return { campaign: row, areMore: false };
  const { plan } = await readPlan(tx, row);
  const tenant = await requireTenant(tx, row);
  const waiting = await readEntrants(tx, row, BATCH);
  const people = waiting.flatMap((entrant) => {
    const entry = entryOf(plan, entrant, at);
    return entry === null ? [] : [{ userId: entrant.userId, entry }];
  });
  const homeSlots = people.length === 0 ? {} : await slots(tx, row, plan, tenant);
  const entering = { people, homeZone: tenant.timeZone, homeSlots, at, tickMs: tickFor(people.length) };
  const entered = await enterPeople(tx, row, entering);
  await removeEntrants(tx, row, waiting.map(({ userId }) => userId)); // prettier-ignore
  return { campaign: entered, areMore: waiting.length > 0 && (await areAwaited(tx, row, BATCH)) };
}

/** The number of the entry, or null for whoever stays out. An event counts from when it occurred, a segment from when it is seen. */
function entryOf(plan: Plan, { isWanted, occurredMs, last }: Entrant, at: Date): number | null {
  if (!isWanted) return null;
  const answer = nextEntry(plan, last, { atMs: plan.entry.kind === 'event' ? occurredMs : at.getTime(), occurrence: 1 });
  return answer.kind === 'enters' ? answer.number : null;
}

/** The tenant's usual best times for a plan. They change slowly and are learned from many messages, so they are kept for a while. */
export type SlotsMemory = (tx: TenantTransaction, row: CampaignRow, plan: Plan, tenant: Tenant) => Promise<Slots>;

const KEPT_MS = 3_600_000;

export function createSlotsMemory(nowMs: () => number): SlotsMemory {
  const kept = new Map<number, { readonly slots: Slots; readonly untilMs: number }>();
  return async (tx, { id }, plan, tenant) => {
    const known = kept.get(id);
    if (known && known.untilMs > nowMs()) return known.slots;
    const slots = await homeSlotsOf(tx, plan, tenant);
    kept.set(id, { slots, untilMs: nowMs() + KEPT_MS });
    return slots;
  };
}
