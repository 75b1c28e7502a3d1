import { DomainError } from '../../core/errors.js';
import { parseTenantId } from '../../core/ids.js';
import type { BatchCourse } from '../../core/journey/batch.js';
import { earliestMs, roundedUp, tickFor, type EntryClock } from '../../core/journey/due-time.js';
import { zoneOffsetsOr } from '../../core/journey/zone-offsets.js';
import { entersAgain, type Plan } from '../../core/journey/plan.js';
import { spreadSlots } from '../../core/journey/spread.js';
import type { TenantTransaction } from '../../db/client.js';
import {
  enterOccurrence,
  freezeAudience,
  readBatch,
  readClocks,
  type Clock,
  type Entering,
  type OccurrenceOf,
} from '../../db/queries/campaign-audience.js';
import { dropEntered, holdUsers } from '../../db/queries/campaign-entries.js';
import { holdCampaign, readPlan, type CampaignRow } from '../../db/queries/campaigns.js';
import { usualSlots } from '../../db/queries/send-slots.js';
import { readTenant, type Tenant } from '../../db/queries/tenants.js';
import type { Slots } from '../../db/tables/campaigns.js';

/** Up to so many recipients each journey has a workflow of its own, so that each person's story can be read in the Temporal UI. */
const MOST_ALONE = 200;
export const BATCH = 500;
const batchSize = (recipients: number): number => (recipients <= MOST_ALONE ? 1 : BATCH);

/** A day before the entry and two after its last moment: local days begin and end at other moments than the server's. */
const MARGIN_MS = 2 * 86_400_000;

/** Freezes the audience of a campaign that was launched: those that fall due together side by side. */
export async function freezeCampaign(tx: TenantTransaction, campaign: CampaignRow): Promise<CampaignRow> {
  const row = await holdCampaign(tx, campaign); // a try whose beats got lost may still be at it
  if (row.launchedAt === null) throw new DomainError('conflict', 'only a launched campaign has an audience');
  const frozen = await freezeAudience(tx, row, await enteringOf(tx, row, row.launchedAt));
  if (row.recipients === null && row.enters === 'segment') await dropEntered(tx, frozen);
  return frozen;
}

/** Lets the segment enter again as it is now, where the campaign runs and nobody has done so. */
export async function enterSegmentAgain(tx: TenantTransaction, campaign: CampaignRow, occurrence: OccurrenceOf): Promise<CampaignRow> {
  await holdUsers(tx, campaign);
  const row = await holdCampaign(tx, campaign);
  if (row.status !== 'running' || row.recipients === null) return row;
  return enterOccurrence(tx, row, await enteringOf(tx, row, occurrence.at), occurrence);
}

async function enteringOf(tx: TenantTransaction, row: CampaignRow, at: Date): Promise<Entering> {
  const tenant = await requireTenant(tx, row);
  const { plan } = await readPlan(tx, row);
  const enteredMs = at.getTime();
  const [first] = plan.steps;
  return {
    homeZone: tenant.timeZone,
    homeSlots: await homeSlotsOf(tx, plan, tenant),
    firstDueMs: (clock) => {
      const entry = { ...clockOf(clock, plan, { enteredMs, homeZone: tenant.timeZone }), enteredMs, tickMs: tickFor(Infinity) };
      return first ? roundedUp(earliestMs(first, entry, enteredMs, null), entry) : enteredMs;
    },
    batchSize,
    tickMs: tickFor,
  };
}

export async function requireTenant(tx: TenantTransaction, row: CampaignRow): Promise<Tenant> {
  const tenant = await readTenant(tx, parseTenantId(row.tenantId));
  if (!tenant) throw new DomainError('not_found', 'there is no such tenant');
  return tenant;
}

/** When messages go where the best time of somebody is wanted and not known. */
export const homeSlotsOf = (tx: TenantTransaction, { steps }: Plan, { tenantId, timeZone }: Tenant): Promise<Slots> =>
  usualSlots(tx, tenantId, {
    channels: [...new Set(steps.filter(({ sendTime }) => sendTime === 'optimal').map(({ channel }) => channel))],
    homeZone: timeZone,
  });

/** All that the workflow of a batch goes by, without a person's id in it; `campaign` is the campaign's row. */
export type OpenedBatch = BatchCourse & { readonly campaign: number };

export async function openBatch(
  tx: TenantTransaction,
  row: CampaignRow,
  { batch, speed }: { readonly batch: number; readonly speed: number },
): Promise<OpenedBatch | null> {
  const open = await readBatch(tx, row, batch);
  const tenant = await readTenant(tx, parseTenantId(row.tenantId));
  if (!open || !tenant || row.launchedAt === null) return null;
  const { plan } = await readPlan(tx, row);
  const startMs = row.launchedAt.getTime();
  const enteredMs = open.enteredAt?.getTime() ?? startMs;
  const used = [...new Set(open.clockOf)];
  const all = new Map((await readClocks(tx, row, used)).map((clock) => [clock.clock, clock]));
  const clocks = used.map((number) => {
    const clock = all.get(number) ?? { clock: number, timeZone: tenant.timeZone, slots: {} };
    const slots = spreadSlots(clock.slots, plan, { batch, recipients: open.audience ?? row.recipients ?? 0 });
    return clockOf({ ...clock, slots }, plan, { enteredMs, homeZone: tenant.timeZone });
  });
  const positions = new Map(used.map((number, position) => [number, position]));
  const positionsOf = open.clockOf.map((number) => positions.get(number) ?? 0);
  const course = { plan, enteredMs, startMs, speed, tickMs: open.tickMs ?? row.tickMs, notesLeavings: entersAgain(plan) };
  return { campaign: row.id, ...course, clocks, clockOf: positionsOf };
}

function clockOf(
  { timeZone, slots }: Clock,
  { lifetimeMs }: Plan,
  { enteredMs, homeZone }: { readonly enteredMs: number; readonly homeZone: string },
): Pick<EntryClock, 'zone' | 'slots'> {
  const span = { fromMs: enteredMs - MARGIN_MS, toMs: enteredMs + lifetimeMs + MARGIN_MS };
  return { zone: zoneOffsetsOr(timeZone, homeZone, span), slots };
}
