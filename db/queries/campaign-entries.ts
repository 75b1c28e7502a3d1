import { and, desc, eq, sql } from 'drizzle-orm';
import type { LastEntry } from '../../core/journey/entries.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import { campaignOccurrences, outreachCampaigns, type Slots } from '../tables/campaigns.js';
import type { CampaignRow } from './campaigns.js';
import type { Slices } from './engagement-outbox.js';

export type OccurrenceRow = typeof campaignOccurrences.$inferSelect;

/** The occurrences of a recurring campaign that were entered, the latest first. */
export function listOccurrences(tx: TenantTransaction, { tenantId, id }: CampaignRow, limit: number): Promise<OccurrenceRow[]> {
  return tx
    .select()
    .from(campaignOccurrences)
    .where(and(eq(campaignOccurrences.tenantId, tenantId), eq(campaignOccurrences.campaignId, id)))
    .orderBy(desc(campaignOccurrences.occurrence))
    .limit(limit);
}

/** Keeps a tenant's users as they are until the transaction ends. Before the campaign's row is held: others do it in this order. */
export const holdUsers = (tx: TenantTransaction, { tenantId }: CampaignRow) => tx.execute(sql`select hold_users(${tenantId}, false)`);

/** Over when everybody has ended who has stored members of the campaign's segment before. In a transaction of its own. */
export async function awaitIntakes(tx: TenantTransaction, { tenantId, enters }: CampaignRow): Promise<void> {
  if (enters === 'segment') await tx.execute(sql`select hold_users(${tenantId}, true)`);
}

/** A campaign that people wait to enter; `firstEntrant` is a number of the one who waits longest. */
export type AwaitedCampaign = { readonly tenantId: TenantId; readonly campaignKey: string; readonly firstEntrant: number };

/** Of the campaigns in some slices, those of which a full batch waits, or somebody for so long. */
export async function listAwaitedCampaigns(
  { pool }: Pick<Database, 'pool'>,
  { owned, of }: Slices,
  { patienceMs, fullBatch }: { readonly patienceMs: number; readonly fullBatch: number },
): Promise<AwaitedCampaign[]> {
  const { rows } = await pool.query<Omit<AwaitedCampaign, 'tenantId'> & { readonly tenantId: string }>(
    `select tenant_id as "tenantId", campaign_key as "campaignKey", first_entrant::float8 as "firstEntrant"
     from list_awaited_campaigns($1, $2, make_interval(secs => $3::float8 / 1000), $4)`,
    [owned, of, patienceMs, fullBatch],
  );
  return rows.map((row) => ({ ...row, tenantId: parseTenantId(row.tenantId) }));
}

/** Somebody who waits to enter. `last` is what they had of the campaign. */
export type Entrant = {
  readonly userId: string;
  readonly occurredMs: number;
  /** They are known, and still in the campaign's segment if it has one. */
  readonly isWanted: boolean;
  readonly last: LastEntry | null;
};

/** Those who wait longest. Who is being noted again at this moment is left for later. */
export async function readEntrants(tx: TenantTransaction, row: CampaignRow, limit: number): Promise<Entrant[]> {
  const { tenantId, id, segmentId, launchedAt } = row;
  type Read = { userId: string; occurredMs: number; isWanted: boolean; number: number | null; enteredMs: number; leftMs: number | null };
  const { rows } = await tx.execute<Read>(sql`
    with waiting as materialized (
      select e.user_id, e.occurred_at, e.entrant_id from campaign_entrants e
      where e.campaign_id = ${id} and e.tenant_id = ${tenantId} order by e.entrant_id limit ${limit} for update skip locked)
    select w.user_id as "userId", extract(epoch from w.occurred_at)::float8 * 1000 as "occurredMs",
      exists (select from users u where u.tenant_id = ${tenantId} and u.user_id = w.user_id)
        and (${segmentId}::bigint is null or exists (
          select from segment_membership m where m.tenant_id = ${tenantId} and m.segment_id = ${segmentId} and m.user_id = w.user_id))
        as "isWanted",
      greatest(l.entry, s.entry) as number, extract(epoch from coalesce(l.entered_at, ${launchedAt}))::float8 * 1000 as "enteredMs",
      case when not exists (select from open_journeys(${tenantId}, w.user_id) o where o.campaign_id = ${id})
        then extract(epoch from l.left_at)::float8 * 1000 end as "leftMs"
    from waiting w
    left join lateral (
      select j.entry, j.left_at, b.entered_at
      from journeys j
      left join campaign_batches b on b.tenant_id = ${tenantId} and b.campaign_id = ${id} and b.batch = j.batch
      where j.user_id = w.user_id and j.tenant_id = ${tenantId} and j.campaign_id = ${id} order by j.entry desc limit 1) l on true
    left join lateral (
      select m.entry from messages m
      where m.user_id = w.user_id and m.tenant_id = ${tenantId} and m.campaign_id = ${id} order by m.entry desc limit 1) s on true
    order by w.entrant_id`);
  return rows.map(({ userId, occurredMs, isWanted, number, enteredMs, leftMs }) => ({
    userId,
    occurredMs,
    isWanted,
    last: number === null ? null : { number, enteredMs, leftMs },
  }));
}

/** It was decided whether they enter. */
export async function removeEntrants(tx: TenantTransaction, { tenantId, id }: CampaignRow, userIds: readonly string[]): Promise<void> {
  await tx.execute(sql`
    delete from campaign_entrants where tenant_id = ${tenantId} and campaign_id = ${id} and user_id = any (${sql.param(userIds)}::text[])`);
}

/** Whether so many wait to enter. */
export async function areAwaited(tx: TenantTransaction, { tenantId, id }: CampaignRow, many: number): Promise<boolean> {
  const { rows } = await tx.execute(sql`
    select from campaign_entrants where campaign_id = ${id} and tenant_id = ${tenantId} order by entrant_id offset ${many - 1} limit 1`);
  return rows.length > 0;
}

/** How many wait to enter. */
export async function countEntrants(tx: TenantTransaction, { tenantId, id }: CampaignRow): Promise<number> {
  const { rows } = await tx.execute<{ waiting: number }>(
    sql`select count(*)::float8 as waiting from campaign_entrants where campaign_id = ${id} and tenant_id = ${tenantId}`,
  );
  return rows[0]?.waiting ?? 0;
}

/** Drops those who wait although they have entered: they came into the segment while it was frozen. */
export async function dropEntered(tx: TenantTransaction, { tenantId, id }: CampaignRow): Promise<void> {
  await tx.execute(sql`
    delete from campaign_entrants e where e.campaign_id = ${id} and e.tenant_id = ${tenantId} and exists (
      select from journeys j where j.user_id = e.user_id and j.tenant_id = ${tenantId} and j.campaign_id = ${id})`);
}

export type EnteringPeople = {
  readonly people: readonly { readonly userId: string; readonly entry: number }[];
  readonly homeZone: string;
  readonly homeSlots: Slots;
  readonly at: Date;
  readonly tickMs: number;
};

/** Lets people enter as the campaign's next batch. The campaign and its tenant's users are held. */
export async function enterPeople(tx: TenantTransaction, row: CampaignRow, entering: EnteringPeople): Promise<CampaignRow> {
  const { tenantId, id, batches, recipients } = row;
  const { people, homeZone, homeSlots, at, tickMs } = entering;
  if (people.length === 0) return row;
  await tx.execute(sql`
    select enter_people(${tenantId}, ${id}, ${batches ?? 0}, ${sql.param(people.map(({ userId }) => userId))}::text[],
      ${sql.param(people.map(({ entry }) => entry))}::int[], ${homeZone}, ${JSON.stringify(homeSlots)}::jsonb, ${at.toISOString()}::timestamptz, ${tickMs})`);
  const changed = await tx
    .update(outreachCampaigns)
    .set({ recipients: (recipients ?? 0) + people.length, batches: (batches ?? 0) + 1 })
    .where(and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.id, id)))
    .returning();
  return changed[0] ?? row;
}

/** One entry of a campaign: the occurrence of a recurring one, else everybody's nth. */
export type EntryCount = {
  readonly entry: number;
  readonly enteredAt: Date;
  readonly journeys: number;
  readonly underWay: number;
  /** Of an occurrence: members who stayed out, being under way in an earlier one. */
  readonly stillIn: number | null;
  readonly sent: number;
  readonly delivered: number;
  readonly opened: number;
  readonly clicked: number;
  readonly converted: number;
};

const MOST_SHOWN = 20;

/** The latest entries of a campaign that people enter more than at its launch; the first moment of each. Nothing of others. */
export async function countEntries(tx: TenantTransaction, { tenantId, id, enters, launchedAt }: CampaignRow): Promise<EntryCount[]> {
  if (enters === 'launch') return [];
  const { rows } = await tx.execute<Omit<EntryCount, 'enteredAt'> & { readonly enteredMs: number }>(sql`
    with by_journey as (
      select j.entry, count(*)::float8 as journeys, count(*) filter (where j.left_at is null)::float8 as under_way,
        min(coalesce(b.entered_at, ${launchedAt?.toISOString() ?? null}::timestamptz)) as entered_at
      from journeys j
      join campaign_batches b on b.tenant_id = j.tenant_id and b.campaign_id = j.campaign_id and b.batch = j.batch
      where j.tenant_id = ${tenantId} and j.campaign_id = ${id} group by j.entry),
    by_message as (
      select entry, count(sent_at)::float8 as sent, count(delivered_at)::float8 as delivered, count(opened_at)::float8 as opened,
        count(clicked_at)::float8 as clicked, count(converted_at)::float8 as converted
      from messages where tenant_id = ${tenantId} and campaign_id = ${id} group by entry)
    select entry, extract(epoch from coalesce(j.entered_at, o.entered_at))::float8 * 1000 as "enteredMs", coalesce(j.journeys, 0) as journeys,
      coalesce(j.under_way, 0) as "underWay", o.still_in as "stillIn", coalesce(m.sent, 0) as sent, coalesce(m.delivered, 0) as delivered,
      coalesce(m.opened, 0) as opened, coalesce(m.clicked, 0) as clicked, coalesce(m.converted, 0) as converted
    from by_journey j
    full join (
      select o.occurrence as entry, o.entered_at, o.still_in from campaign_occurrences o
      where o.tenant_id = ${tenantId} and o.campaign_id = ${id}) o using (entry)
    left join by_message m using (entry)
    order by entry desc limit ${MOST_SHOWN}`);
  return rows.map(({ enteredMs, ...count }) => ({ ...count, enteredAt: new Date(enteredMs) }));
}
