import { and, eq, sql } from 'drizzle-orm';
import { forecastOf, type ClockShare, type Forecast } from '../../core/campaign/forecast.js';
import { blockersOf, type Reach, type SendingReadiness } from '../../core/campaign/preflight.js';
import { DomainError } from '../../core/errors.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import { parseTenantId } from '../../core/ids.js';
import type { Plan } from '../../core/journey/plan.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';
import { contentFaults } from './campaign-content.js';
import { readPlan, type CampaignRow } from './campaigns.js';
import { readTenant } from './tenants.js';

/** What a launch at this moment would meet. */
export type Preflight = {
  readonly checkedAt: Date;
  readonly recipients: number;
  /** Of each channel that the plan uses, in the order of its steps. */
  readonly reach: readonly Reach[];
  readonly plan: Plan;
  readonly forecast: Forecast;
  /** In words; empty where it can be launched. */
  readonly blockers: readonly string[];
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
  const scope = { homeZone: tenant.timeZone, optimal: first?.sendTime === 'optimal', ledgerKey: readiness.ledgerKey };
  const found: ReachOfClocks[] = [];
  for (const channel of new Set(plan.steps.map(({ channel }) => channel))) found.push(await readReach(tx, row, { channel, ...scope }));
  const recipients = found[0]?.recipients ?? 0;
  const reach = found.map(({ reach }) => reach);
  return {
    checkedAt: at,
    recipients,
    reach,
    plan,
    forecast: forecastOf(plan, found[0]?.clocks ?? [], { launchMs: at.getTime(), homeZone: tenant.timeZone, recipients }),
    blockers: [
      ...blockersOf({ segmentName: await segmentNameOf(tx, row), recipients, reach, readiness }),
      ...(await contentFaults(tx, row, { plan, contents })),
    ],
  };
}

type ReachOfClocks = { readonly recipients: number; readonly reach: Reach; readonly clocks: readonly ClockShare[] };
type Scope = {
  readonly channel: EngagementChannel;
  readonly homeZone: string;
  readonly optimal: boolean;
  readonly ledgerKey: Buffer | null;
};
type Counted = { readonly because: string | null; readonly clock: string; readonly users: number; readonly mailboxes: number };

/**
 * The same judgement as of `judge_address` and of the unique key on addresses, over all members at once: users at one mailbox are
 * counted with the clock of one of them. The hash is that of `hash_address`, written out, since a call of it for each of a million
 * mailboxes takes as long as all else; a test compares both with what claims decide.
 */
async function readReach(tx: TenantTransaction, { tenantId, segmentId }: CampaignRow, scope: Scope): Promise<ReachOfClocks> {
  const { channel, homeZone, optimal, ledgerKey } = scope;
  const key = sql`${ledgerKey}::bytea`;
  const { rows } = await tx.execute<Counted>(sql`
    with addresses as (
      select distinct on (c.user_id) c.user_id, c.address, c.consent
      from contacts c where c.tenant_id = ${tenantId} and c.channel = ${channel}
      order by c.user_id, c.verified_at is null, c.contact_id),
    members as (
      select coalesce(u.time_zone, ${homeZone}) || '|' || coalesce(coalesce(l.weekday::text, '*') || ' ' || l.hour || ' ' || l.minute, '') as clock,
        case when a.consent is distinct from 'denied' then lower(trim(a.address)) collate "C" end as mailbox,
        case when a.address is null then 'no address' when a.consent = 'denied' then 'no consent' end as because
      from segment_membership m
      join users u on u.tenant_id = ${tenantId} and u.user_id = m.user_id
      left join addresses a on a.user_id = m.user_id
      left join send_slots l on ${optimal} and l.tenant_id = ${tenantId} and l.user_id = m.user_id and l.channel = ${channel}
      where m.tenant_id = ${tenantId} and m.segment_id = ${segmentId}),
    mailboxes as (select mailbox, because, min(clock collate "C") as clock, count(*) as users from members group by mailbox, because)
    select coalesce(b.because, case when s.address_hash is not null then 'suppressed' end) as because, b.clock, sum(b.users)::float8 as users,
      count(*)::float8 as mailboxes
    from mailboxes b
    left join suppressions s on s.tenant_id = ${tenantId} and s.channel = ${channel}
      and s.address_hash = sha256(${key} || sha256(${key} || convert_to(${`${tenantId}/${channel}/`} || b.mailbox, 'UTF8')))
    group by 1, 2`);
  const count = (because: string) => rows.reduce((sum, one) => (one.because === because ? sum + one.users : sum), 0);
  const reachable = rows.filter(({ because }) => because === null);
  const mailboxes = reachable.reduce((sum, one) => sum + one.mailboxes, 0);
  return {
    recipients: rows.reduce((sum, { users }) => sum + users, 0),
    reach: {
      channel,
      reachable: mailboxes,
      noAddress: count('no address'),
      noConsent: count('no consent'),
      suppressed: count('suppressed'),
      sameAddress: reachable.reduce((sum, one) => sum + one.users, 0) - mailboxes,
    },
    clocks: reachable.map(({ clock, mailboxes: users }) => ({ ...clockOf(clock, channel), users })),
  };
}

/** Back from `<zone>|<weekday or *> <hour> <minute>`; nothing behind the bar where no best time is known or wanted. */
function clockOf(text: string, channel: EngagementChannel): Pick<ClockShare, 'timeZone' | 'slots'> {
  const bar = text.lastIndexOf('|');
  const [weekday, hour, minute] = text.slice(bar + 1).split(' ');
  const timeZone = text.slice(0, bar);
  if (hour === undefined) return { timeZone, slots: {} };
  const slot = { hour: Number(hour), minute: Number(minute), ...(weekday !== '*' && { weekday: Number(weekday) }) };
  return { timeZone, slots: { [channel]: slot } };
}

/** What people call the campaign's segment. */
export async function segmentNameOf(tx: TenantTransaction, { tenantId, segmentId }: CampaignRow): Promise<string> {
  if (segmentId === null) return 'of the campaign';
  const rows = await tx
    .select({ name: audienceSegments.segmentName })
    .from(audienceSegments)
    .where(and(eq(audienceSegments.tenantId, tenantId), eq(audienceSegments.id, segmentId)));
  return rows[0]?.name ?? 'of the campaign';
}
