import { and, eq, inArray, ne } from 'drizzle-orm';
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

/** The keys of campaigns that are entered again and again for as long as they run. */
export async function campaignsThatGoOn(tx: TenantTransaction, tenantId: TenantId): Promise<string[]> {
  const rows = await tx
    .select({ key: outreachCampaigns.campaignKey })
    .from(outreachCampaigns)
    .where(
      and(
        eq(outreachCampaigns.tenantId, tenantId),
        ne(outreachCampaigns.enters, 'launch'),
        inArray(outreachCampaigns.status, ['running', 'paused']),
      ),
    );
  return rows.map(({ key }) => key);
}
