import { sql, type SQL } from 'drizzle-orm';
import type { ClockShare } from '../../core/campaign/forecast.js';
import type { Reach } from '../../core/campaign/preflight.js';
import { hasHours, type QuietRules } from '../../core/consent/quiet-hours.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import type { TenantTransaction } from '../client.js';
import type { CampaignRow } from './campaigns.js';

/** How many of a campaign's recipients can be reached on a channel, and the clocks that these go by. */
export type ReachOfClocks = {
  readonly recipients: number;
  readonly reach: Reach;
  readonly overCap: number;
  readonly clocks: readonly ClockShare[];
};

export type ReachOf = Pick<CampaignRow, 'tenantId' | 'segmentId' | 'topic' | 'priority'>;

export type ReachScope = {
  readonly channel: EngagementChannel;
  readonly homeZone: string;
  readonly optimal: boolean;
  readonly ledgerKey: Buffer | null;
  readonly ownHours: QuietRules['ownHours'];
  readonly at: Date;
};

type Place = readonly [timeZone: string | null, country: string | null, postalCode: string | null, phone: string | null];
type Counted = {
  readonly because: string | null;
  readonly clock: string;
  readonly place: Place | null;
  readonly users: number;
  readonly over: number;
  readonly mailboxes: number;
};

/**
 * The same judgement as of `judge_address`, of the caps and of the unique key on addresses, over all members at once: users at one mailbox are
 * counted with the clock of one of them. The hash is that of `hash_address`, written out, since a call of it for each of a million
 * mailboxes takes as long as all else; a test compares both with what claims decide.
 */
export async function readReach(
  tx: TenantTransaction,
  { tenantId, segmentId, topic, priority }: ReachOf,
  scope: ReachScope,
): Promise<ReachOfClocks> {
  const { channel, homeZone, optimal, ledgerKey, at } = scope;
  await joinByLoops(tx, false);
  const now = sql`${at.toISOString()}::timestamptz`;
  const key = sql`${ledgerKey}::bytea`;
  const addresses = addressesOn(scope, { tenantId, segmentId });
  const { rows } = await tx.execute<Counted>(sql`
    with rules as materialized (select * from topic_rules(${tenantId}, ${topic}, ${channel})),
    caps as materialized (
      select array_agg(c.channel) as channels, array_agg(c.most) as mosts, array_agg(${now} - seconds_of(c.span)) as sinces
      from sending_caps c
      where c.tenant_id = ${tenantId} and c.channel in ('all', ${channel}) and c.priority >= ${priority}
        and not (select is_transactional from rules)),
    addresses as (${addresses}),
    members as (
      select coalesce(u.time_zone, ${homeZone}) || '|' || coalesce(coalesce(l.weekday::text, '*') || ' ' || l.hour || ' ' || l.minute, '') as clock,
        ${placeOf(scope)} as place, lower(trim(a.address)) collate "C" as mailbox, a.consent as told, a.consent_at as told_at,
        k.mosts is not null and r.user_id is not null and room_under_caps(r.channels, r.times, k.channels, k.mosts, k.sinces) = 0 as is_over
      from caps k
      cross join segment_membership m
      join users u on u.tenant_id = ${tenantId} and u.user_id = m.user_id
      left join addresses a on a.user_id = m.user_id
      left join recent_sends r on k.mosts is not null and r.tenant_id = ${tenantId} and r.user_id = m.user_id
      left join send_slots l on ${optimal} and l.tenant_id = ${tenantId} and l.user_id = m.user_id and l.channel = ${channel}
      where m.tenant_id = ${tenantId} and m.segment_id = ${segmentId}),
    told as (
      select mailbox, told, told_at, min(clock collate "C") as clock, min(place collate "C") as place, count(*) as users,
        count(*) filter (where is_over) as over
      from members group by mailbox, told, told_at),
    judged as (
      select t.*, case when t.mailbox is null then 'no address' when s.address_hash is not null then 'suppressed' else r.because end as because
      from rules
      cross join told t
      cross join lateral (
        select sha256(${key} || sha256(${key} || convert_to(${`${tenantId}/${channel}/`} || t.mailbox, 'UTF8'))) as hash offset 0) h
      left join suppressions s on s.tenant_id = ${tenantId} and s.channel = ${channel} and s.address_hash = h.hash
      left join consents own on own.tenant_id = ${tenantId} and own.channel = ${channel} and own.address_hash = h.hash and own.topic = ${topic}
      left join consents whole on whole.tenant_id = ${tenantId} and whole.channel = ${channel} and whole.address_hash = h.hash and whole.topic = '*'
      cross join lateral refuse_words(own.state, own.basis, own.said_at, whole.state, whole.basis, whole.said_at, t.told, t.told_at,
        rules.needs_yes, rules.needs_confirmation) r),
    mailboxes as (
      select mailbox, because, min(clock collate "C") as clock, min(place collate "C") as place, sum(users) as users, sum(over) as over
      from judged group by mailbox, because)
    select because, clock, place::jsonb as place, sum(users)::float8 as users, sum(over)::float8 as over, count(*)::float8 as mailboxes
    from mailboxes group by because, clock, mailboxes.place`);
  await joinByLoops(tx, true);
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
      unconfirmed: count('unconfirmed'),
      suppressed: count('suppressed'),
      sameAddress: reachable.reduce((sum, one) => sum + one.users, 0) - mailboxes,
    },
    overCap: reachable.reduce((sum, one) => sum + one.over, 0),
    clocks: reachable.map(({ clock, place, mailboxes: users }) => ({ ...clockOf(clock, channel), ...placed(place, channel), users })),
  };
}

/**
 * For the rest of a transaction. Each join of a reach is of a whole segment with a whole table; of a table that was filled a moment ago the
 * planner knows nothing, and would go through all addresses of the tenant for each member: minutes for 20,000 people.
 */
const joinByLoops = (tx: TenantTransaction, isAllowed: boolean) =>
  tx.execute(sql`select set_config('enable_nestloop', ${isAllowed ? 'on' : 'off'}, true)`);

/** Where messages to each user go, as in `address_of`: an inbox and a user's devices are their own, and go by their id. */
function addressesOn({ channel }: ReachScope, { tenantId, segmentId }: Pick<CampaignRow, 'tenantId' | 'segmentId'>): SQL {
  const ownId = sql`encode(convert_to(m.user_id, 'UTF8'), 'hex') as address, null::text as consent, null::timestamptz as consent_at`;
  switch (channel) {
    case 'in_app':
      return sql`
      select m.user_id, ${ownId}
      from segment_membership m where m.tenant_id = ${tenantId} and m.segment_id = ${segmentId}`;
    case 'push':
      return sql`
      select distinct m.user_id, ${ownId} from push_devices m where m.tenant_id = ${tenantId}`;
    case 'email':
    case 'sms':
    case 'whatsapp':
    case 'social':
      return sql`
      select distinct on (c.user_id) c.user_id, c.address, c.consent, c.consent_at
      from contacts c where c.tenant_id = ${tenantId} and c.channel = ${channel}
        and (${channel} <> 'social' or is_social_address(c.provider, c.address))
      order by c.user_id, case when ${channel} = 'social' then c.heard_at end desc nulls last, c.verified_at is null, c.contact_id`;
  }
}

/** Where somebody is, as far as hours depend on it: of a number, what stands for its place; and nothing at all where there are no hours. */
function placeOf({ channel, ownHours }: ReachScope): SQL {
  if (!hasHours(channel, { ownHours })) return sql`null::text`;
  const phone = channel === 'sms' || channel === 'whatsapp' ? sql`left(trim(a.address), 5)` : sql`null`;
  return sql`jsonb_build_array(u.time_zone, u.traits->>'country', coalesce(u.traits->>'postal_code', u.traits->>'zip'), ${phone})::text`;
}

function placed(place: Place | null, channel: EngagementChannel): Pick<ClockShare, 'place'> {
  if (place === null) return {};
  const [timeZone, country, postalCode, phone] = place;
  return { place: { channel, timeZone, country, postalCode, phone } };
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
