import { z } from 'zod';
import { stepsInWords } from '../core/campaign/plan-words.js';
import type { Reach } from '../core/campaign/preflight.js';
import type { SmsLength } from '../core/message/sms-length.js';
import { LATELY_DAYS } from '../db/queries/campaign-lately.js';
import type { Preflight } from '../db/queries/campaign-preflight.js';
import type { CampaignRow } from '../db/queries/campaigns.js';
import { Timestamp } from './fields.js';

const ReachShown = z.object({
  channel: z.string(),
  reachable: z.int(),
  no_address: z.int(),
  no_consent: z.int().describe("They said no, or the channel needs a yes for the campaign's topic and there is none."),
  unconfirmed: z.int().describe('Their yes waits for its confirmation.'),
  suppressed: z.int().describe('They unsubscribed, complained, or could not be reached.'),
  same_address: z.int().describe('Further users at an address that gets each message once.'),
  over_cap: z
    .int()
    .describe(
      'Beside the sum: users whom nothing else keeps from a message and who are over a cap at this moment, so that one would wait.',
    ),
  window_closed: z
    .int()
    .nullable()
    .describe(
      'Beside the sum, of social messages: users with an address who could be told nothing now, since they have not written within a day.',
    ),
});

const StepReach = z.object({
  step_key: z.int(),
  in_words: z.string(),
  channel: z.string(),
  reachable: z.int().describe('At most: what its trigger lets through is not known before.'),
  sms: z
    .object({ encoding: z.enum(['gsm7', 'ucs2']), segments: z.int() })
    .nullable()
    .describe('Of an SMS: how long it is for a usual person. Each segment is billed as a message.'),
});

const Forecast = z.object({
  hours: z
    .array(z.object({ from: Timestamp, local_time: z.string(), messages: z.int() }))
    .describe("First messages by the hours of the tenant's clock in the day after a launch now; hours without any are left out."),
  later: z.int().describe('First messages after that day, or only after a reaction.'),
  held: z.int().describe('Of all these, those that quiet hours put off: they stand where the hours allow them.'),
  slowed: z
    .int()
    .describe(
      'Of all these, those that wait their turn, because provider or policy let only so many go per second: they stand where it comes.',
    ),
  never: z.int().describe('Whose hours allow no message within four weeks; they stand nowhere else.'),
});

/** What is computed from templates and prices is added here when there is something to compute it from. */
export const PreflightShown = z.object({
  campaign_id: z.string(),
  checked_at: Timestamp,
  can_launch: z.boolean(),
  blockers: z.array(z.string()).describe('What has to be put right before, in words.'),
  warnings: z.array(z.string()).describe('What had better be put right, and keeps nobody from a launch.'),
  recipients: z.int().describe('Who would enter now: nobody where an event lets people enter.'),
  entered_lately: z
    .object({ days: z.int(), users: z.int() })
    .nullable()
    .describe('Where people enter as they come: how many would have by the same rule in the days before. Not a forecast.'),
  channels: z.array(ReachShown).describe('Each adds up to the recipients.'),
  steps: z.array(StepReach),
  codes: z
    .array(z.object({ offer_id: z.string(), free: z.int(), people: z.int() }))
    .describe('Of each offer of which people get a code: those that are free, and for how many people one is needed, at most.'),
  forecast: Forecast.describe(
    'An estimate: each clock enters now and sees when its first message is due and when quiet hours let it go. Caps and later changes are not in it.',
  ),
});

export function preflightShown({ campaignKey }: CampaignRow, preflight: Preflight): z.input<typeof PreflightShown> {
  const { plan, reach, overCap, blockers, warnings, forecast, smsLengths, codes } = preflight;
  const words = stepsInWords(plan);
  return {
    campaign_id: campaignKey,
    checked_at: preflight.checkedAt,
    can_launch: blockers.length === 0,
    blockers: [...blockers],
    warnings: [...warnings],
    recipients: preflight.recipients,
    entered_lately: preflight.lately === null ? null : { days: LATELY_DAYS, users: preflight.lately },
    channels: reach.map((one) => ({
      ...reachShown(one, overCap.find(({ channel }) => channel === one.channel)?.users ?? 0),
      window_closed: one.channel === 'social' ? preflight.windowClosed : null,
    })),
    steps: plan.steps.map(({ key, channel }, i) => ({
      step_key: key,
      in_words: words[i] ?? '',
      channel,
      reachable: reach.find((one) => one.channel === channel)?.reachable ?? 0,
      sms: smsShown(smsLengths.get(key)),
    })),
    codes: codes.map(({ offerKey, free, people }) => ({ offer_id: offerKey, free, people })),
    forecast: {
      hours: forecast.hours.map(({ fromMs, local, messages }) => ({ from: new Date(fromMs), local_time: local, messages })),
      later: forecast.later,
      held: forecast.held,
      slowed: forecast.slowed,
      never: forecast.never,
    },
  };
}

const smsShown = (length: SmsLength | undefined) => (length ? { encoding: length.encoding, segments: length.segments } : null);

const reachShown = (
  { channel, reachable, noAddress, noConsent, unconfirmed, suppressed, sameAddress }: Reach,
  overCap: number,
): Omit<z.input<typeof ReachShown>, 'window_closed'> => ({
  channel,
  reachable,
  no_address: noAddress,
  no_consent: noConsent,
  unconfirmed,
  suppressed,
  same_address: sameAddress,
  over_cap: overCap,
});
