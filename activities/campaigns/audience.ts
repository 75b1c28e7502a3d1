import { DomainError } from '../../core/errors.js';
import { parseTenantId } from '../../core/ids.js';
import type { BatchCourse } from '../../core/journey/batch.js';
import { earliestMs, roundedUp, tickFor, type EntryClock } from '../../core/journey/due-time.js';
import { zoneOffsetsOr } from '../../core/journey/zone-offsets.js';
import type { Plan } from '../../core/journey/plan.js';
import { spreadSlots } from '../../core/journey/spread.js';
import type { TenantTransaction } from '../../db/client.js';
import { freezeAudience, readBatch, readClocks, type Clock } from '../../db/queries/campaign-audience.js';
import { holdCampaign, readPlan, type CampaignRow } from '../../db/queries/campaigns.js';
import { usualSlots } from '../../db/queries/send-slots.js';
import { readTenant } from '../../db/queries/tenants.js';

/** Up to so many recipients each journey has a workflow of its own, so that each person's story can be read in the Temporal UI. */
const MOST_ALONE = 200;
const BATCH = 500;
const batchSize = (recipients: number): number => (recipients <= MOST_ALONE ? 1 : BATCH);

/** A day before the entry and two after its last moment: local days begin and end at other moments than the server's. */
const MARGIN_MS = 2 * 86_400_000;

/** Freezes the audience of a campaign that was launched: those that fall due together side by side. */
export async function freezeCampaign(tx: TenantTransaction, campaign: CampaignRow): Promise<CampaignRow> {
  const row = await holdCampaign(tx, campaign); // a try whose beats got lost may still be at it
  const tenant = await readTenant(tx, parseTenantId(row.tenantId));
  if (!tenant || row.launchedAt === null) throw new DomainError('conflict', 'only a launched campaign has an audience');
  const { plan } = await readPlan(tx, row);
  const enteredMs = row.launchedAt.getTime();
  const [first] = plan.steps;
  return freezeAudience(tx, row, {
    homeZone: tenant.timeZone,
    homeSlots: await usualSlots(tx, tenant.tenantId, {
      channels: [...new Set(plan.steps.filter(({ sendTime }) => sendTime === 'optimal').map(({ channel }) => channel))],
      homeZone: tenant.timeZone,
    }),
    firstDueMs: (clock) => {
      const entry = { ...clockOf(clock, plan, { enteredMs, homeZone: tenant.timeZone }), enteredMs, tickMs: tickFor(Infinity) };
      return first ? roundedUp(earliestMs(first, entry, enteredMs, null), entry) : enteredMs;
    },
    batchSize,
    tickMs: tickFor,
  });
}

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
  const enteredMs = row.launchedAt.getTime();
  const used = [...new Set(open.clockOf)];
  const all = new Map((await readClocks(tx, row, used)).map((clock) => [clock.clock, clock]));
  const clocks = used.map((number) => {
    const clock = all.get(number) ?? { clock: number, timeZone: tenant.timeZone, slots: {} };
    const slots = spreadSlots(clock.slots, plan, { batch, recipients: row.recipients ?? 0 });
    return clockOf({ ...clock, slots }, plan, { enteredMs, homeZone: tenant.timeZone });
  });
  const positions = new Map(used.map((number, position) => [number, position]));
  const positionsOf = open.clockOf.map((number) => positions.get(number) ?? 0);
  return { campaign: row.id, plan, enteredMs, speed, tickMs: row.tickMs, clocks, clockOf: positionsOf };
}

function clockOf(
  { timeZone, slots }: Clock,
  { lifetimeMs }: Plan,
  { enteredMs, homeZone }: { readonly enteredMs: number; readonly homeZone: string },
): Pick<EntryClock, 'zone' | 'slots'> {
  const span = { fromMs: enteredMs - MARGIN_MS, toMs: enteredMs + lifetimeMs + MARGIN_MS };
  return { zone: zoneOffsetsOr(timeZone, homeZone, span), slots };
}
