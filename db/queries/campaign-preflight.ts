import { and, eq } from 'drizzle-orm';
import { forecastOf, type Forecast } from '../../core/campaign/forecast.js';
import { blockersOf, type OverCap, type Reach, type SendingReadiness } from '../../core/campaign/preflight.js';
import { DomainError } from '../../core/errors.js';
import { parseTenantId } from '../../core/ids.js';
import type { Plan, PlanContent } from '../../core/journey/plan.js';
import { slowestOf } from '../../core/message/rates.js';
import type { SmsLength } from '../../core/message/sms-length.js';
import { smsLengthOf } from '../../core/template/text-faults.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';
import { contentFaults } from './campaign-content.js';
import { countLately } from './campaign-lately.js';
import { readReach, type ReachOfClocks } from './campaign-reach.js';
import { readPlan, type CampaignRow } from './campaigns.js';
import { readCodesNeeded, type CodesNeeded } from './offer-preflight.js';
import { testWarnings } from './test-slots.js';
import { readQuietRules } from './quiet-rules.js';
import { readSendingRates } from './sending-policy.js';
import { countClosedWindows } from './social.js';
import { readTenant } from './tenants.js';

/** What a launch at this moment would meet. */
export type Preflight = {
  readonly checkedAt: Date;
  /** Those who would enter now: nobody where an event lets them. */
  readonly recipients: number;
  /** Where people enter as they come: how many would have in the days before. */
  readonly lately: number | null;
  /** Of each channel that the plan uses, in the order of its steps. */
  readonly reach: readonly Reach[];
  readonly overCap: readonly OverCap[];
  /** Of the audience of social steps: who has not written within a day, so that nothing can be said at this moment. */
  readonly windowClosed: number;
  readonly plan: Plan;
  readonly forecast: Forecast;
  /** By the keys of SMS steps: how long each is for a usual person. Each segment is billed as a message. */
  readonly smsLengths: ReadonlyMap<number, SmsLength>;
  readonly codes: readonly CodesNeeded[];
  /** In words; empty where it can be launched. */
  readonly blockers: readonly string[];
  /** What had better be put right, and keeps nobody from a launch. */
  readonly warnings: readonly string[];
};

/** Looks at everybody who would enter, as claims will: one query for each channel, whatever the size of the audience. */
export async function readPreflight(
  tx: TenantTransaction,
  row: CampaignRow,
  { readiness, at }: { readonly readiness: SendingReadiness; readonly at: Date },
): Promise<Preflight> {
  const tenant = await readTenant(tx, parseTenantId(row.tenantId));
  if (!tenant) throw new DomainError('not_found', 'there is no such tenant');
  const { plan, contents } = await readPlan(tx, row);
  const [first] = plan.steps;
  const { ledgerKey } = readiness;
  const { ownHours } = await readQuietRules(tx, tenant.tenantId);
  const scope = { homeZone: tenant.timeZone, optimal: first?.sendTime === 'optimal', ledgerKey, ownHours, at };
  const found: ReachOfClocks[] = [];
  const entering = row.enters === 'event' ? { ...row, segmentId: null } : row;
  for (const channel of new Set(plan.steps.map((step) => step.channel))) found.push(await readReach(tx, entering, { channel, ...scope }));
  const recipients = found[0]?.recipients ?? 0;
  const mayBeEmpty = row.enters === 'event' || row.enters === 'segment';
  const reach = found.map(({ reach }) => reach);
  const offered = await readCodesNeeded(tx, row, { plan, contents, reach });
  return {
    checkedAt: at,
    recipients,
    lately: await countLately(tx, row, at),
    reach,
    overCap: found.map((one) => ({ channel: one.reach.channel, users: one.overCap })),
    windowClosed: plan.steps.some(({ channel }) => channel === 'social') ? await countClosedWindows(tx, entering, Date.now()) : 0,
    plan,
    forecast: forecastOf(plan, found[0]?.clocks ?? [], {
      launchMs: at.getTime(),
      homeZone: tenant.timeZone,
      recipients,
      ownHours,
      perSecond: first && slowestOf(first.channel, readiness.rates ?? {}, await readSendingRates(tx, tenant.tenantId)),
    }),
    smsLengths: smsLengthsOf(plan, contents),
    codes: offered.codes,
    warnings: [...offered.warnings, ...(await testWarnings(tx, tenant.tenantId, plan))],
    blockers: [
      ...blockersOf({ segmentName: await segmentNameOf(tx, row), recipients, mayBeEmpty, reach, readiness }),
      ...(await contentFaults(tx, row, { plan, contents })),
      ...offered.blockers,
    ],
  };
}

function smsLengthsOf({ steps }: Plan, contents: readonly PlanContent[]): ReadonlyMap<number, SmsLength> {
  const lengths = new Map<number, SmsLength>();
  for (const { key } of steps.filter(({ channel }) => channel === 'sms')) {
    const text = contents.find((content) => content.key === key)?.text;
    const length = text === undefined ? undefined : smsLengthOf(text);
    if (length) lengths.set(key, length);
  }
  return lengths;
}

/** What people call the campaign's segment. */
export async function segmentNameOf(tx: TenantTransaction, { tenantId, segmentId }: CampaignRow): Promise<string> {
  if (segmentId === null) return 'anybody';
  const rows = await tx
    .select({ name: audienceSegments.segmentName })
    .from(audienceSegments)
    .where(and(eq(audienceSegments.tenantId, tenantId), eq(audienceSegments.id, segmentId)));
  return rows[0]?.name ?? 'of the campaign';
}
