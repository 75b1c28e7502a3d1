import { z } from 'zod';
import { ALL_TOPICS, parseTopic } from '../core/consent/consent.js';
import { parseOwnHours } from '../core/consent/own-hours.js';
import { messageChannels } from '../core/consent/quiet-hours.js';
import type { SendingPolicy } from '../db/queries/sending-policy.js';
import { parsedBy, storableText } from './fields.js';

const Hours = z.record(z.string().max(20), z.string().max(200)).superRefine((hours, context) => {
  try {
    parseOwnHours(hours);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const Name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'small letters, digits, "-" and "_", at most 64, are expected');
const NamedTopic = parsedBy(
  (text) => {
    if (text === ALL_TOPICS) throw new RangeError('the name of one topic is expected');
    return parseTopic(text);
  },
  storableText(1, 64),
);

const Cap = z.strictObject({
  cap_id: Name,
  channel: z.enum(['all', ...messageChannels]).describe('`all` counts the messages of all channels together.'),
  most: z.int().min(1).max(100).describe('So many messages to a person at most …'),
  within_minutes: z
    .int()
    .min(1)
    .max(90 * 24 * 60)
    .describe('… within any span of that length: 10080 is a week.'),
  priority: z.int().min(0).max(9).default(0).describe('Campaigns of a higher priority pass the cap, and are counted.'),
});

const TopicRules = z.strictObject({
  topic: NamedTopic,
  double_opt_in: z.boolean().default(false).describe('A yes counts once it is confirmed.'),
  requires_consent: z
    .array(z.enum(messageChannels))
    .max(messageChannels.length)
    .default(['sms', 'whatsapp'])
    .describe('Channels on which nothing is sent without a yes; on the others until somebody says no.'),
  is_transactional: z.boolean().default(false).describe('Orders, passwords: needs no yes and is held by no cap; a no still counts.'),
});

const Rates = z.partialRecord(z.enum(messageChannels), z.number().min(0.01).max(10_000));
const MOST_MESSAGES = 1_000_000_000;
const AutoLaunch = z.strictObject({
  weekly_messages: z
    .partialRecord(z.enum(messageChannels), z.int().min(1).max(MOST_MESSAGES))
    .default({})
    .describe(
      "So many messages of such campaigns in a week of the tenant's calendar at most, by channel; on others nothing launches by itself.",
    ),
});

const isUnique = (names: readonly string[]): boolean => new Set(names).size === names.length;

export const NewSendingPolicy = z.strictObject({
  quiet_hours: Hours.default({}).describe(
    'The hours in which one may write, by channel, as "Mon-Fri 09:00-18:00, Sat 10:00-14:00" or "daily 08:00-21:00", on the clock of the person. They can only shorten the law\'s.',
  ),
  caps: z
    .array(Cap)
    .max(20)
    .refine((caps) => isUnique(caps.map(({ cap_id }) => cap_id)), 'each cap_id is expected once')
    .default([]),
  topics: z
    .array(TopicRules)
    .max(50)
    .refine((topics) => isUnique(topics.map(({ topic }) => topic)), 'each topic is expected once')
    .default([])
    .describe('Topics with rules of their own; all others have the defaults.'),
  rates: Rates.default({}).describe(
    'How many messages per second go out at most, by channel: beside what the provider takes. What is over that waits its turn. 0.1 is six a minute.',
  ),
  auto_launch: AutoLaunch.default({ weekly_messages: {} }).describe(
    'Whether drafts of a walk launch by themselves, and how much they may send. A campaign of a person is never launched and never counted.',
  ),
});
export type NewSendingPolicy = z.output<typeof NewSendingPolicy>;

export const SendingPolicyShown = z.object({
  quiet_hours: z.record(z.string(), z.string()),
  caps: z.array(z.object({ cap_id: z.string(), channel: z.string(), most: z.int(), within_minutes: z.int(), priority: z.int() })),
  topics: z.array(
    z.object({ topic: z.string(), double_opt_in: z.boolean(), requires_consent: z.array(z.string()), is_transactional: z.boolean() }),
  ),
  rates: z.record(z.string(), z.number()),
  auto_launch: z.object({ weekly_messages: z.record(z.string(), z.int()) }),
});

export const policyOf = ({ quiet_hours: quietHours, caps, topics, rates, auto_launch }: NewSendingPolicy): SendingPolicy => ({
  quietHours,
  rates,
  launchBudgets: auto_launch.weekly_messages,
  caps: caps.map(({ cap_id: capKey, within_minutes: spanMinutes, ...cap }) => ({ ...cap, capKey, spanMinutes })),
  topics: topics.map(({ double_opt_in, requires_consent, is_transactional, topic }) => ({
    topic,
    doubleOptIn: double_opt_in,
    requiresConsent: [...new Set(requires_consent)],
    isTransactional: is_transactional,
  })),
});

export const policyShown = ({
  quietHours,
  caps,
  topics,
  rates = {},
  launchBudgets,
}: SendingPolicy): z.input<typeof SendingPolicyShown> => ({
  quiet_hours: { ...quietHours },
  rates: { ...rates },
  caps: caps.map(({ capKey, channel, most, spanMinutes, priority }) => ({
    cap_id: capKey,
    channel,
    most,
    within_minutes: spanMinutes,
    priority,
  })),
  topics: topics.map(({ topic, doubleOptIn, requiresConsent, isTransactional }) => ({
    topic,
    double_opt_in: doubleOptIn,
    requires_consent: [...requiresConsent],
    is_transactional: isTransactional,
  })),
  auto_launch: { weekly_messages: { ...launchBudgets } },
});
