import { z } from 'zod';
import { campaignStatuses } from '../core/campaign/lifecycle.js';
import { stepsInWords } from '../core/campaign/plan-words.js';
import type { CampaignRequest, PlanFault, StepRequest } from '../core/journey/campaign-request.js';
import type { Plan } from '../core/journey/plan.js';
import type { CampaignWish } from '../db/queries/campaign-creation.js';
import type { CampaignRow } from '../db/queries/campaigns.js';
import { RequestProblem } from './errors.js';
import { JsonObject, storableText, Timestamp } from './fields.js';
import { present } from './present.js';

/** Also a part of workflow ids and of addresses. */
const CampaignKey = z.string().regex(/^[A-Za-z0-9][\w-]{0,99}$/, '1 to 100 letters, digits, _ and - are expected');
export const CampaignParams = z.strictObject({ campaign_id: storableText(1, 255).describe('`camp_…`, or as whoever made it called it.') });

/** Short words of which the core has closed lists. */
const Word = storableText(0, 255);
const Words = storableText(0, 100_000);
const Target = z.union([z.number(), Word]);

const NewOffer = z.strictObject({
  offer_id: Word.optional().describe(
    'An offer of `/v1/offers`: each person gets a code of it. Its words are used where the step brings none.',
  ),
  type: Word.optional().describe('`discount`, when absent.'),
  value: z.number().optional(),
  unit: Word.optional().describe('`percent`, or a currency in whose major units the value counts.'),
  expiry_days: z.number().optional(),
  label: Word.optional().describe('The offer in words, where value and unit do not say it.'),
});

const NewStep = z.strictObject({
  step_key: z.number().optional().describe('Names the step for ever; the next free number when absent.'),
  day: z.number().describe('The earliest day after that of entry, on the calendar of the user.'),
  channel: Word.describe('`email`, `sms`, `whatsapp`, `social`, `push` or `in_app`'),
  provider: Word.optional().describe(
    'Of a social step: `messenger` or `instagram`. When absent, the network that each person wrote from last.',
  ),
  template: Words.describe(
    'Of a WhatsApp step the approved template; of an SMS, social, push or in-app step only its name, which the page that shows the inbox is told.',
  ),
  subject: Words.optional(),
  message: Words.optional(),
  content: Words.optional(),
  url: Words.optional().describe('Of a push message: where a tap leads, in Liquid.'),
  offer: NewOffer.optional(),
  incentive: Words.optional().describe('What a person gets for taking part, in words.'),
  test: Word.optional().describe('The id of a test: each person is shown their arm of it.'),
  send_time: Word.optional().describe('`optimal`, or an hour such as `10:00 AM user_timezone`.'),
  trigger: Word.optional().describe('What has to happen, or not: `email_opened`, `not_clicked`, … `segment_entry` waits for nothing.'),
  trigger_step: z.number().optional().describe('The key of the earlier step that the trigger looks at.'),
  timeout_hours: z.number().optional(),
  next: Target.optional().describe("A later step's key, or `leave`."),
  else: Target.optional().describe("When the trigger does not come true: `leave`, `next`, or a later step's key."),
});

/** What is asked for is checked in full by the core, which tells all that is wrong at once; here only its form is. */
export const NewCampaign = z.strictObject({
  campaign_id: CampaignKey.optional().describe('One of its own when absent.'),
  name: storableText(1, 500).optional().describe('Of the segment and the goal, when absent.'),
  segment: Words.optional().describe('Who enters: a segment by its id or name.'),
  goal: Words.optional().describe("The name of one of the tenant's goals: whoever reaches it leaves."),
  sequence: z.array(NewStep).max(1_000).describe('1 to 30 steps, in the order of their days.'),
  entry: z
    .union([Word, z.strictObject({ event: Words })])
    .optional()
    .describe('`launch`; `segment`: also whoever comes in later; or an event that lets people enter.'),
  frequency: Word.optional().describe('`daily`, `weekly`, `monthly`: the segment enters again each time.'),
  re_entry: z
    .union([Word, z.strictObject({ after_days: z.number() })])
    .optional()
    .describe('`never`, `after_leaving`, or so many days after the entry before.'),
  exit_on_goal: z.boolean().optional(),
  exit_on_segment_left: z.boolean().optional(),
  exit_on_pause: z.boolean().optional(),
  lifetime_days: z.number().optional(),
  topic: Word.optional().describe('What people have consented to, or not; `marketing`, when absent.'),
  priority: z.number().optional().describe('0 to 9; higher ones pass the caps of lower ones. 0, when absent.'),
});
export type NewCampaign = z.output<typeof NewCampaign>;

export function wishOf({ name, sequence, ...body }: NewCampaign): CampaignWish {
  const request: CampaignRequest = { ...present(body), sequence: sequence.map(stepOf) };
  return { name, request };
}

function stepOf({ offer, ...step }: NewCampaign['sequence'][number]): StepRequest {
  return { ...present(step), ...(offer && { offer: present(offer) }) };
}

/** Everything that is wrong with a campaign, as one problem. */
export function campaignProblem(planFaults: readonly PlanFault[]): RequestProblem {
  const faults = planFaults.map(({ field, message }) => ({ in: 'body' as const, path: field, message }));
  return new RequestProblem('invalid', faults.map(({ path, message }) => `${path}: ${message}`).join('; '), { faults });
}

const Counts = z.object({ sent: z.int(), delivered: z.int(), opened: z.int(), clicked: z.int(), converted: z.int() });

export const Campaign = z.object({
  campaign_id: z.string(),
  name: z.string().nullable(),
  status: z.enum(campaignStatuses),
  channel: z.string().describe('`multi` in a campaign of several.'),
  provider: z.string().nullable().describe('The network that all its social steps name.'),
  segment: z.object({ segment_id: z.string(), name: z.string() }).nullable(),
  goal: z.string().nullable(),
  topic: z.string(),
  priority: z.int(),
  plan_version: z.int(),
  recipients: z.int().nullable().describe('Null until its audience is frozen. Where people enter more than once, each entry counts.'),
  counts: Counts.describe('Messages that got at least so far.'),
  created_by: z.string().describe('An id of a key or of a suggestion, or `walk/…` with the day of the walk that drafted it.'),
  created_at: Timestamp,
  updated_at: Timestamp,
  launched_at: Timestamp.nullable(),
  ended_at: Timestamp.nullable(),
  url: z.string(),
});

export type SegmentNames = ReadonlyMap<number, { readonly segmentKey: string; readonly segmentName: string }>;

export const campaignUrl = (campaignKey: string): string => `/v1/campaigns/${campaignKey}`;

export function campaignOf(row: CampaignRow, segments: SegmentNames): z.input<typeof Campaign> {
  const segment = row.segmentId === null ? undefined : segments.get(row.segmentId);
  return {
    campaign_id: row.campaignKey,
    name: row.campaignName,
    status: row.status,
    channel: row.channel,
    provider: row.provider,
    segment: segment ? { segment_id: segment.segmentKey, name: segment.segmentName } : null,
    goal: row.request.goal ?? null,
    topic: row.topic,
    priority: row.priority,
    plan_version: row.planVersion,
    recipients: row.recipients,
    counts: {
      sent: row.sentCount,
      delivered: row.deliveredCount,
      opened: row.openedCount,
      clicked: row.clickedCount,
      converted: row.convertedCount,
    },
    created_by: row.createdBy,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    launched_at: row.launchedAt,
    ended_at: row.endedAt,
    url: campaignUrl(row.campaignKey),
  };
}

export const StepShown = z.object({
  step_key: z.int(),
  in_words: z.string(),
  step: JsonObject.describe('As it was written, with its key: the form in which PUT takes it.'),
});

/** The steps with their keys, so that what is changed here and put back keeps them. */
export function stepsShown({ request }: CampaignRow, plan: Plan): z.input<typeof StepShown>[] {
  const words = stepsInWords(plan);
  return plan.steps.map(({ key }, i) => ({ step_key: key, in_words: words[i] ?? '', step: { ...request.sequence[i], step_key: key } }));
}
