import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { Left } from '../../core/journey/batch.js';
import type { TenantTransaction } from '../client.js';
import { campaignBatches, campaignClocks, journeys, outreachCampaigns, type Slots } from '../tables/campaigns.js';
import type { CampaignRow } from './campaigns.js';

/** A time zone and best times that some of an audience go by. */
export type Clock = { readonly clock: number; readonly timeZone: string; readonly slots: Slots };

export type Freezing = {
  readonly homeZone: string;
  readonly homeSlots: Slots;
  /** When whoever goes by a clock gets the first message: those that fall due together travel together. */
  readonly firstDueMs: (clock: Clock) => number;
  /** How many journeys a batch holds, of so many in all. */
  readonly batchSize: (recipients: number) => number;
  readonly tickMs: (recipients: number) => number;
};

/** Freezes a campaign's segment as its audience, for ever. Where that was done before, nothing is changed. */
export async function freezeAudience(tx: TenantTransaction, row: CampaignRow, freezing: Freezing): Promise<CampaignRow> {
  if (row.recipients !== null) return row;
  const { tenantId, id, segmentId } = row;
  const { homeZone, homeSlots } = freezing;
  const slots = JSON.stringify(homeSlots);
  await tx.execute(sql`select note_clocks(${tenantId}, ${id}, ${segmentId}, ${homeZone}, ${slots}::jsonb)`);
  const clocks = await readClocks(tx, row);
  await tx.execute(sql`
    update campaign_clocks c set first_due = to_timestamp(d.due / 1000.0)
    from unnest(${sql.param(clocks.map(({ clock }) => clock))}::int[], ${sql.param(clocks.map(freezing.firstDueMs))}::float8[]) d(clock, due)
    where c.tenant_id = ${tenantId} and c.campaign_id = ${id} and c.clock = d.clock`);
  const members = await countMembers(tx, tenantId, segmentId);
  const size = freezing.batchSize(members);
  const frozen = await tx.execute<{ recipients: number }>(
    sql`select freeze_audience(${tenantId}, ${id}, ${segmentId}, ${homeZone}, ${slots}::jsonb, ${size}) as recipients`,
  );
  const recipients = frozen.rows[0]?.recipients ?? 0;
  const changed = await tx
    .update(outreachCampaigns)
    .set({ recipients, batches: Math.ceil(recipients / size), tickMs: freezing.tickMs(recipients) })
    .where(and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.id, id)))
    .returning();
  return changed[0] ?? row;
}

async function countMembers(tx: TenantTransaction, tenantId: TenantId | string, segmentId: number | null): Promise<number> {
  const { rows } = await tx.execute<{ members: number }>(
    sql`select count(*)::int as members from segment_membership where tenant_id = ${tenantId} and segment_id = ${segmentId}`,
  );
  return rows[0]?.members ?? 0;
}

/** All clocks of an audience, or some of them. */
export function readClocks(tx: TenantTransaction, { tenantId, id }: CampaignRow, numbers?: readonly number[]): Promise<Clock[]> {
  return tx
    .select({ clock: campaignClocks.clock, timeZone: campaignClocks.timeZone, slots: campaignClocks.slots })
    .from(campaignClocks)
    .where(
      and(
        eq(campaignClocks.tenantId, tenantId),
        eq(campaignClocks.campaignId, id),
        numbers && sql`${campaignClocks.clock} = any (${sql.param(numbers)})`,
      ),
    )
    .orderBy(asc(campaignClocks.clock));
}

export type OpenBatch = { readonly clockOf: readonly number[] };

/** The clocks of a batch's members, by idx; nothing where the batch is over. */
export async function readBatch(tx: TenantTransaction, { tenantId, id }: CampaignRow, batch: number): Promise<OpenBatch | undefined> {
  const open = await tx
    .select({ batch: campaignBatches.batch })
    .from(campaignBatches)
    .where(
      and(
        eq(campaignBatches.tenantId, tenantId),
        eq(campaignBatches.campaignId, id),
        eq(campaignBatches.batch, batch),
        isNull(campaignBatches.doneAt),
      ),
    );
  if (open.length === 0) return undefined;
  const members = await tx
    .select({ clock: journeys.clock })
    .from(journeys)
    .where(and(eq(journeys.tenantId, tenantId), eq(journeys.campaignId, id), eq(journeys.batch, batch)))
    .orderBy(asc(journeys.idx));
  return { clockOf: members.map(({ clock }) => clock) };
}

/** Writes how the journeys of a batch ended, and that the batch is over. */
export async function closeBatch(
  tx: TenantTransaction,
  { tenantId, id }: CampaignRow,
  { batch, left, at }: { readonly batch: number; readonly left: readonly Left[]; readonly at: Date },
): Promise<void> {
  await tx.execute(sql`
    update journeys j set left_because = l.because, left_at = to_timestamp(l.at / 1000.0)
    from unnest(${sql.param(left.map(([idx]) => idx))}::int[], ${sql.param(left.map(([, because]) => because))}::text[],
      ${sql.param(left.map(([, , atMs]) => atMs))}::float8[]) l(idx, because, at)
    where j.tenant_id = ${tenantId} and j.campaign_id = ${id} and j.batch = ${batch} and j.idx = l.idx and j.left_at is null`);
  await tx
    .update(campaignBatches)
    .set({ doneAt: at })
    .where(
      and(
        eq(campaignBatches.tenantId, tenantId),
        eq(campaignBatches.campaignId, id),
        eq(campaignBatches.batch, batch),
        isNull(campaignBatches.doneAt),
      ),
    );
  // What waited for its time when its journey ended.
  await tx.execute(sql`
    update messages m set status = 'suppressed', reason = j.left_because, due_at = null, updated_at = now()
    from journeys j
    cross join lateral (
      select o.message_id from messages o
      where o.tenant_id = ${tenantId} and o.campaign_id = ${id} and o.user_id = j.user_id and o.entry = j.entry and o.held = 'deferred'
        and o.batch = j.batch and o.idx = j.idx offset 0) w
    where j.tenant_id = ${tenantId} and j.campaign_id = ${id} and j.batch = ${batch}
      and m.tenant_id = ${tenantId} and m.message_id = w.message_id and m.status = 'deferred'
      and exists (select from messages h where h.tenant_id = ${tenantId} and h.held = 'deferred')`);
  // What they were told and did not need.
  await tx.execute(sql`delete from engagement_outbox where tenant_id = ${tenantId} and campaign_id = ${id} and batch = ${batch}`);
}

/** Batches that are not over, after `after`. */
export async function listOpenBatches(
  tx: TenantTransaction,
  { tenantId, id }: Pick<CampaignRow, 'tenantId' | 'id'>,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<number[]> {
  const { rows } = await tx.execute<{ batch: number }>(sql`
    select batch from campaign_batches
    where tenant_id = ${tenantId} and campaign_id = ${id} and batch > ${after} and done_at is null order by batch limit ${limit}`);
  return rows.map(({ batch }) => batch);
}
