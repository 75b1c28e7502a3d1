import type { TenantId } from '../../core/ids.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { SendingPolicy } from '../../db/queries/sending-policy.js';
import type { TestDatabase } from '../../test/harness/database.js';

export type Channel = StepOfBatch['channel'];

/** Two tenants in one installation: the mails of the club go over SMTP, the shop has everything else. */
export const TENANTS = ['shop', 'club'] as const;
export type TenantName = (typeof TENANTS)[number];
/** Of all messages. */
export const CLUB_SHARE = 0.13;

/** The steps of one person of the shop: three of four are mails. On which channel their texts come is theirs. */
const STEPS = ['email', 'email', 'text', 'email', 'email', 'in_app', 'email', 'email', 'text', 'email', 'email', 'email'] as const;
/** Of either tenant. */
export const STEPS_EACH = STEPS.length;

export function channelOf(tenant: TenantName, round: number, place: number): Channel {
  const channel = tenant === 'club' ? 'email' : (STEPS[round % STEPS.length] ?? 'email');
  return channel === 'text' ? (place % 2 === 0 ? 'sms' : 'whatsapp') : channel;
}

/** One message fewer than there are steps: who has got all before it does not get the last. */
export const MOST_EACH = STEPS_EACH - 1;

/** By the clock of whoever gets a message, minutes of the day. */
export const HOURS = { from: 9 * 60, to: 20 * 60 + 3 };
const OWN_HOURS = 'daily 09:00-20:03';

/** Of twenty people one sleeps all the time, two wake up at noon in Greenwich, and two go to bed then; none has a summer time. */
const ZONES = [
  { zone: 'Pacific/Tarawa', hours: 12, people: 1 },
  { zone: 'America/Sao_Paulo', hours: -3, people: 2 },
  { zone: 'Asia/Singapore', hours: 8, people: 2 },
  { zone: 'Africa/Abidjan', hours: 0, people: 15 },
];
const ZONE_OF = ZONES.flatMap(({ people, ...zone }) => Array.from({ length: people }, () => zone));
/** Every seventh has said yes to no text. */
const NO_YES = 7;

/** How many hours their clock is ahead of Greenwich, and whether they want texts. */
export const placeOf = (userId: string): number => ZONE_OF[Number(userId.slice(1)) % ZONE_OF.length]?.hours ?? 0;
export const wantsTexts = (userId: string): boolean => Number(userId.slice(1)) % NO_YES !== 0;

export const POLICY: SendingPolicy = {
  quietHours: { email: OWN_HOURS, sms: OWN_HOURS, whatsapp: OWN_HOURS, in_app: OWN_HOURS },
  caps: [{ capKey: 'most', channel: 'all', most: MOST_EACH, spanMinutes: 30 * 24 * 60, priority: 0 }],
  topics: [],
};

const WEEK_MS = 7 * 86_400_000;
/** A Tuesday: hours of texts are others on Sundays. */
const SOME_NOON_MS = Date.parse('2026-03-10T12:00:00Z');

/** How far a campaign's clock has to be ahead of ours for it to be noon in Greenwich in so many milliseconds. */
export function aheadMsOf(nowMs: number, untilNoonMs: number): number {
  const behindMs = nowMs + untilNoonMs - SOME_NOON_MS;
  return Math.ceil(behindMs / WEEK_MS) * WEEK_MS - behindMs;
}

/** Users `u1` … with an address for mail and a number for texts. */
export async function addPeople(database: TestDatabase, tenantId: TenantId, count: number): Promise<void> {
  await database.admin.query(
    `with people as (select n, 'u' || n as id, ($3::text[])[n % $4::int + 1] as zone from generate_series(1, $2::int) n),
     added as (insert into users (tenant_id, user_id, first_seen, time_zone) select $1, id, now(), zone from people)
     insert into contacts (tenant_id, user_id, channel, address, consent, consent_at)
     select $1, id, c.channel, case c.channel when 'email' then id || '@example.test' else '+1415' || lpad(n::text, 7, '0') end,
       case when c.channel <> 'email' and n % $5::int <> 0 then 'granted' end, case when c.channel <> 'email' and n % $5::int <> 0 then timestamptz '2026-01-01' end
     from people cross join (values ('email'), ('sms'), ('whatsapp')) c(channel)`,
    [tenantId, count, ZONE_OF.map(({ zone }) => zone), ZONE_OF.length, NO_YES],
  );
}
