import { z } from 'zod';
import type { JourneyCount, MessageCount } from '../db/queries/campaign-counts.js';
import type { EntryCount } from '../db/queries/campaign-entries.js';
import type { JourneyStory, MessageOfCampaign, MessageRow } from '../db/queries/campaign-journeys.js';
import { Timestamp } from './fields.js';

const Times = {
  claimed_at: Timestamp.describe('When it was decided to send it, or not to.'),
  due_at: Timestamp.nullable().describe('Of a deferred one: when it may be tried again.'),
  sent_at: Timestamp.nullable(),
  delivered_at: Timestamp.nullable(),
  opened_at: Timestamp.nullable(),
  machine_opened_at: Timestamp.nullable().describe('A machine fetched its pictures, which is nobody reading it.'),
  clicked_at: Timestamp.nullable(),
  replied_at: Timestamp.nullable(),
  converted_at: Timestamp.nullable().describe('It led to the goal.'),
};

const MessageShown = z.object({
  message_id: z.int(),
  step_key: z.int(),
  channel: z.string(),
  provider: z.string().nullable().describe('The network that a social message was sent over.'),
  status: z.string().describe('claimed, uncertain, deferred, suppressed, failed, sent, delivered, opened, clicked or replied'),
  reason: z.string().nullable().describe('Why it was deferred, suppressed or failed.'),
  ...Times,
});

export const UserMessage = MessageShown.extend({ campaign_id: z.string(), campaign_name: z.string().nullable(), entry: z.int() });

export const Journey = z.object({
  user_id: z.string().describe('`deleted/…` and `merged/…` stand for nobody any more.'),
  entry: z.int(),
  batch: z.int(),
  idx: z.int(),
  messages: z.array(MessageShown).describe('The first one first.'),
  left_because: z.string().nullable().describe('Null while it is under way, and until its whole batch is over.'),
  left_at: Timestamp.nullable(),
});

function messageShown(row: MessageRow): z.input<typeof MessageShown> {
  return {
    message_id: row.messageId,
    step_key: row.stepKey,
    channel: row.channel,
    provider: row.provider,
    status: row.status,
    reason: row.reason,
    claimed_at: row.claimedAt,
    due_at: row.dueAt,
    sent_at: row.sentAt,
    delivered_at: row.deliveredAt,
    opened_at: row.openedAt,
    machine_opened_at: row.machineOpenedAt,
    clicked_at: row.clickedAt,
    replied_at: row.repliedAt,
    converted_at: row.convertedAt,
  };
}

export const userMessageOf = ({ message, campaignKey, campaignName }: MessageOfCampaign): z.input<typeof UserMessage> => ({
  ...messageShown(message),
  campaign_id: campaignKey,
  campaign_name: campaignName,
  entry: message.entry,
});

export const journeyOf = ({ journey, messages }: JourneyStory): z.input<typeof Journey> => ({
  user_id: journey.userId,
  entry: journey.entry,
  batch: journey.batch,
  idx: journey.idx,
  messages: messages.map(messageShown),
  left_because: journey.leftBecause,
  left_at: journey.leftAt,
});

const Reached = z.object({
  sent: z.int(),
  delivered: z.int(),
  opened: z.int(),
  clicked: z.int(),
  replied: z.int(),
  converted: z.int(),
});
const sums = ['sent', 'delivered', 'opened', 'clicked', 'replied', 'converted'] as const;

/** How far a campaign has come, counted from the rows of its messages and journeys. */
export const Counted = z.object({
  by_step: z.array(Reached.extend({ step_key: z.int() })).describe('Messages that got at least so far.'),
  messages: z
    .array(z.object({ step_key: z.int(), status: z.string(), reason: z.string().nullable(), messages: z.int() }))
    .describe('Every message has one status; where nothing was sent, the reason.'),
  journeys: z.array(z.object({ left_because: z.string().nullable(), journeys: z.int() })).describe('Null: under way.'),
  uncertain: z.int().describe('Messages of which nobody can know whether they went out, until the provider tells.'),
  deferred_until: Timestamp.nullable().describe('When the first of the deferred messages is due again.'),
});

/** How people enter a campaign, and how often they have. */
export const Entering = z.object({
  in_words: z.string(),
  waiting: z.int().describe('Those who are about to enter.'),
  next_at: Timestamp.nullable().describe('Of a recurring campaign that runs: when its segment enters next.'),
  latest: z
    .array(
      z.object({
        entry: z.int().describe("The occurrence of a recurring campaign, else everybody's first, second, … entry."),
        entered_at: Timestamp.describe('When the first of them entered.'),
        journeys: z.int(),
        under_way: z.int(),
        still_in: z.int().nullable().describe('Of an occurrence: members who stayed out, being under way in an earlier one.'),
        sent: z.int(),
        delivered: z.int(),
        opened: z.int(),
        clicked: z.int(),
        converted: z.int(),
      }),
    )
    .describe('The latest 20 entries of a campaign that people enter more than at its launch; else nothing.'),
});

export const entryOf = ({ enteredAt, underWay, stillIn, ...count }: EntryCount): z.input<typeof Entering>['latest'][number] => ({
  ...count,
  entered_at: enteredAt,
  under_way: underWay,
  still_in: stillIn,
});

export function countedOf(messages: readonly MessageCount[], journeys: readonly JourneyCount[]): z.input<typeof Counted> {
  const keys = [...new Set(messages.map(({ stepKey }) => stepKey))];
  const due = messages.flatMap(({ dueAt }) => dueAt?.getTime() ?? []);
  return {
    by_step: keys.map((key) => ({ step_key: key, ...reachedOf(messages.filter(({ stepKey }) => stepKey === key)) })),
    messages: messages.map(({ stepKey, status, reason, messages: many }) => ({ step_key: stepKey, status, reason, messages: many })),
    journeys: journeys.map(({ leftBecause, journeys: many }) => ({ left_because: leftBecause, journeys: many })),
    uncertain: messages.reduce((sum, { status, messages: many }) => (status === 'uncertain' ? sum + many : sum), 0),
    deferred_until: due.length === 0 ? null : new Date(Math.min(...due)),
  };
}

/** Messages that got at least so far. */
export function reachedOf(counts: readonly MessageCount[]): z.output<typeof Reached> {
  const total = { sent: 0, delivered: 0, opened: 0, clicked: 0, replied: 0, converted: 0 };
  for (const count of counts) for (const name of sums) total[name] += count[name];
  return total;
}
