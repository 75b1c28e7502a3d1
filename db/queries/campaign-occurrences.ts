import { and, eq, inArray, ne, or, sql } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { nextOccurrence, type Occurrence } from '../../core/journey/entries.js';
import { zoneOffsetsOr } from '../../core/journey/zone-offsets.js';
import type { TenantTransaction } from '../client.js';
import { outreachCampaigns } from '../tables/campaigns.js';
import { listOccurrences } from './campaign-entries.js';
import { readPlan, type CampaignRow } from './campaigns.js';
import { readTenant } from './tenants.js';

const DAY_MS = 86_400_000;
/** Longer than from any occurrence to the one after the next. */
const AHEAD_MS = 70 * DAY_MS;

/** What a recurring campaign enters next, by the tenant's calendar; nothing of others, and of one that does not run. */
export async function occurrenceAfter(
  tx: TenantTransaction,
  row: CampaignRow,
  now: Date,
): Promise<(Occurrence & { readonly at: Date }) | null> {
  const nowMs = now.getTime();
  const { enters, status, launchedAt, resumedAt, recipients } = row;
  if (enters !== 'calendar' || status !== 'running' || launchedAt === null || recipients === null) return null;
  const { frequency } = (await readPlan(tx, row)).plan;
  const tenant = await readTenant(tx, parseTenantId(row.tenantId));
  if (frequency === null || !tenant) return null;
  const startMs = launchedAt.getTime();
  const span = { fromMs: startMs - DAY_MS, toMs: Math.max(startMs, nowMs) + AHEAD_MS };
  const [latest] = await listOccurrences(tx, row, 1);
  const sofar = { startMs, entered: latest?.occurrence ?? 0, notBeforeMs: resumedAt?.getTime() ?? 0, nowMs };
  const next = nextOccurrence(frequency, zoneOffsetsOr(tenant.timeZone, 'UTC', span), sofar);
  return { ...next, at: new Date(next.dueMs) };
}

/**
 * The keys of campaigns that run and whose workflow nobody else would start where it was lost: those that are entered again and again, and
 * those that a walk has launched, whose row was changed before their workflow was started.
 */
export async function campaignsThatGoOn(tx: TenantTransaction, tenantId: TenantId): Promise<string[]> {
  const rows = await tx
    .select({ key: outreachCampaigns.campaignKey })
    .from(outreachCampaigns)
    .where(
      and(
        eq(outreachCampaigns.tenantId, tenantId),
        or(
          ne(outreachCampaigns.enters, 'launch'),
          sql`exists (select from launch_reservations r where r.tenant_id = ${tenantId} and r.campaign_id = ${outreachCampaigns.id})`,
        ),
        inArray(outreachCampaigns.status, ['running', 'paused']),
      ),
    );
  return rows.map(({ key }) => key);
}
