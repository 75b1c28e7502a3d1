import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { Left } from '../../core/journey/batch.js';
import type { TenantTransaction } from '../client.js';
import { campaignBatches, campaignClocks, campaignOccurrences, journeys, outreachCampaigns, type Slots } from '../tables/campaigns.js';
import { listOccurrences } from './campaign-entries.js';
import type { CampaignRow } from './campaigns.js';

/** A time zone and best times that some of an audience go by. */
export type Clock = { readonly clock: number; readonly timeZone: string; readonly slots: Slots };

export type Entering = {
  readonly homeZone: string;
  readonly homeSlots: Slots;
  /** When whoever goes by a clock gets the first message: those that fall due together travel together. */
  readonly firstDueMs: (clock: Clock) => number;
  /** How many journeys a batch holds, of so many in all. */
  readonly batchSize: (recipients: number) => number;
  readonly tickMs: (recipients: number) => number;
};

export type OccurrenceOf = { readonly occurrence: number; readonly dueAt: Date; readonly at: Date };

/**
 * Freezes a campaign's segment as its audience, for ever; of one that is entered by an event alone nobody. Where that was done before,
 * nothing is changed.
 */
export async function freezeAudience(tx: TenantTransaction, row: CampaignRow, entering: Entering): Promise<CampaignRow> {
  if (row.recipients !== null) return row;
  const at = row.launchedAt ?? new Date(0);
  if (row.enters === 'calendar') return enterOccurrence(tx, row, entering, { occurrence: 1, dueAt: at, at });
  if (row.enters === 'event') return withRecipients(tx, row, { recipients: 0, batches: 0, tickMs: 0 });
  return (await enterSegment(tx, row, entering, { entry: 1, at })).campaign;
}

/**
 * Lets the segment enter as it is now, but for those who are under way. An occurrence that was entered is not entered again. The
 * campaign is held.
 */
export async function enterOccurrence(
  tx: TenantTransaction,
  row: CampaignRow,
  entering: Entering,
  { occurrence, dueAt, at }: OccurrenceOf,
): Promise<CampaignRow> {
  const [latest] = await listOccurrences(tx, row, 1);
  if (latest && latest.occurrence >= occurrence) return row;
  const { campaign, recipients, stillIn } = await enterSegment(tx, row, entering, { entry: occurrence, at });
  const { tenantId, id: campaignId } = row;
  await tx.insert(campaignOccurrences).values({ tenantId, campaignId, occurrence, dueAt, enteredAt: at, recipients, stillIn });
  return campaign;
}

type Entered = { readonly campaign: CampaignRow; readonly recipients: number; readonly stillIn: number };

async function enterSegment(
  tx: TenantTransaction,
  row: CampaignRow,
  { homeZone, homeSlots, ...entering }: Entering,
  { entry, at }: { readonly entry: number; readonly at: Date },
): Promise<Entered> {
  const { tenantId, id, segmentId } = row;
  const slots = JSON.stringify(homeSlots);
  await tx.execute(sql`select note_clocks(${tenantId}, ${id}, ${segmentId}, ${homeZone}, ${slots}::jsonb)`);
  const clocks = await readClocks(tx, row);
  await tx.execute(sql`
    update campaign_clocks c set first_due = to_timestamp(d.due / 1000.0)
    from unnest(${sql.param(clocks.map(({ clock }) => clock))}::int[], ${sql.param(clocks.map(entering.firstDueMs))}::float8[]) d(clock, due)
    where c.tenant_id = ${tenantId} and c.campaign_id = ${id} and c.clock = d.clock`);
  const members = await countMembers(tx, tenantId, segmentId);
  const size = entering.batchSize(members);
  const [batches, tickMs] = [row.batches ?? 0, entering.tickMs(members)];
  const { rows } = await tx.execute<{ recipients: number; stillIn: number }>(sql`
    select recipients, still_in as "stillIn" from enter_segment(${tenantId}, ${id}, ${segmentId}, ${entry}, ${batches}, ${homeZone},
      ${slots}::jsonb, ${size}, ${at.toISOString()}::timestamptz, ${tickMs})`);
  const { recipients, stillIn } = rows[0] ?? { recipients: 0, stillIn: 0 };
  const total = { recipients: (row.recipients ?? 0) + recipients, batches: batches + Math.ceil(recipients / size), tickMs };
  return { campaign: await withRecipients(tx, row, total), recipients, stillIn };
}

async function withRecipients(
  tx: TenantTransaction,
  row: CampaignRow,
  changes: { readonly recipients: number; readonly batches: number; readonly tickMs: number },
): Promise<CampaignRow> {
  const changed = await tx
    .update(outreachCampaigns)
    .set(changes)
    .where(and(eq(outreachCampaigns.tenantId, row.tenantId), eq(outreachCampaigns.id, row.id)))
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

/** What a batch that entered later than at the launch has of its own is null in others. */
export type OpenBatch = { readonly clockOf: readonly number[] } & Pick<
  typeof campaignBatches.$inferSelect,
  'enteredAt' | 'audience' | 'tickMs'
>;

/** The clocks of a batch's members, by idx; nothing where the batch is over. */
export async function readBatch(tx: TenantTransaction, { tenantId, id }: CampaignRow, batch: number): Promise<OpenBatch | undefined> {
  const { enteredAt, audience, tickMs } = campaignBatches;
  const [open] = await tx
    .select({ enteredAt, audience, tickMs })
    .from(campaignBatches)
    .where(
      and(
        eq(campaignBatches.tenantId, tenantId),
        eq(campaignBatches.campaignId, id),
        eq(campaignBatches.batch, batch),
        isNull(campaignBatches.doneAt),
      ),
    );
  if (!open) return undefined;
  const members = await tx
    .select({ clock: journeys.clock })
    .from(journeys)
    .where(and(eq(journeys.tenantId, tenantId), eq(journeys.campaignId, id), eq(journeys.batch, batch)))
    .orderBy(asc(journeys.idx));
  return { ...open, clockOf: members.map(({ clock }) => clock) };
}

/** Writes how journeys of a batch ended. */
export async function noteLeavings(
  tx: TenantTransaction,
  { tenantId, id }: CampaignRow,
  { batch, left }: { readonly batch: number; readonly left: readonly Left[] },
): Promise<void> {
  await tx.execute(sql`
    update journeys j set left_because = l.because, left_at = to_timestamp(l.at / 1000.0)
    from unnest(${sql.param(left.map(([idx]) => idx))}::int[], ${sql.param(left.map(([, because]) => because))}::text[],
      ${sql.param(left.map(([, , atMs]) => atMs))}::float8[]) l(idx, because, at)
    where j.tenant_id = ${tenantId} and j.campaign_id = ${id} and j.batch = ${batch} and j.idx = l.idx and j.left_at is null`);
}

/** Writes how the journeys of a batch ended, and that the batch is over. */
export async function closeBatch(
  tx: TenantTransaction,
  row: CampaignRow,
  { batch, left, at }: { readonly batch: number; readonly left: readonly Left[]; readonly at: Date },
): Promise<void> {
  const { tenantId, id } = row;
  await noteLeavings(tx, row, { batch, left });
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
  await tx.execute(sql`select settle_deferred(${tenantId}, ${id}, ${batch})`);
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
