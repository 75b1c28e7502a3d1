import { z } from 'zod';
import { metricKinds } from '../experiment/metric.js';
import { variedParts } from '../experiment/variation.js';

/**
 * What is sent to En Garde: the fields of its suggestion format, and beside them those that its backend reads (`actions`,
 * `impact.estimated_revenue_increase`, `metadata`). Money is in major units of `metadata.currency` (19.99), a probability
 * or growth is a fraction. Every figure names its basis; one that cannot be computed is absent.
 */

const Probability = z.number().min(0).max(1);
const Text = z.string().min(1);
const Count = z.int().min(0);
const Id = z.string().regex(/^sg_aud_[0-9a-f]{20}$/);
const Moment = z.iso.datetime();

/** How a figure came about: an arithmetic expression over the inputs, and the time in which they were measured. */
const Basis = z.object({
  formula: Text.describe(
    'Arithmetic over the names in inputs; beta_cdf and normal_cdf are the cumulative beta and standard normal distributions.',
  ),
  inputs: z.record(z.string(), z.union([z.number(), z.string()])),
  period: z.object({ from: Moment, to: Moment }).describe('Events from `from` on and before `to`.'),
  note: Text.optional(),
});
export type Basis = z.infer<typeof Basis>;
const Bases = z.record(z.string(), Basis).describe('By the name of the figure.');

const Channel = z.enum(['email', 'whatsapp', 'sms', 'social', 'push', 'in_app']);

/** The templates that the actions of suggestions may name. */
export const templates = [
  'welcome_series_1',
  'engagement_follow_up',
  'feature_highlight',
  'limited_offer',
  'educational_series',
  'educational_drip',
  'conversational_nurture',
  'win_back',
  'feedback_request',
] as const;

const CreateCampaign = z.object({
  action_type: z.literal('create_campaign'),
  channel: Channel,
  campaign_name: Text,
  template: z.enum(templates),
  sequence_length: z.int().min(1).optional(),
  frequency: z.enum(['daily', 'weekly', 'monthly']).optional(),
  offer: z
    .object({ type: z.literal('discount'), value: z.number().positive(), unit: z.literal('percent'), expiry_days: z.int().min(1) })
    .optional(),
  incentive: Text.optional().describe('What a person gets for taking part, in words.'),
  urgency: z.enum(['high', 'medium', 'low']).optional(),
  expected_conversion_rate: Probability.optional(),
});
export type CreateCampaign = z.infer<typeof CreateCampaign>;

const ApplyTestWinner = z.object({
  action_type: z.literal('apply_test_winner'),
  test_id: Text,
  apply_to: Text.describe('The template family of which the winner becomes the default.'),
  estimated_annual_impact: z.number().optional().describe('Conversions, or money in major units.'),
});

const CreateAbTest = z.object({
  action_type: z.literal('create_ab_test'),
  test_name: Text,
  channel: Channel.optional().describe('Email, when absent.'),
  segment_id: Text.optional().describe('Everybody, when absent.'),
  variations: z
    .array(
      z.object({
        name: Text,
        discount: z.number().min(0).max(100).optional().describe('Percent.'),
        free_shipping: z.boolean().optional(),
        parts: z.partialRecord(z.enum(variedParts), z.string()).optional().describe('What the arm shows.'),
      }),
    )
    .describe('The first is the control.'),
  primary_metric: z.enum(metricKinds),
  goal: Text.optional().describe('Of a conversion rate; convert_to_paid, when absent.'),
  duration_days: z.int(),
  apply_to: Text.optional(),
});
export type CreateAbTest = z.infer<typeof CreateAbTest>;

export const RecommendedAction = z.discriminatedUnion('action_type', [CreateCampaign, ApplyTestWinner, CreateAbTest]);
export type RecommendedAction = z.infer<typeof RecommendedAction>;

export const Priority = z.enum(['high', 'medium', 'low']);
export type Priority = z.infer<typeof Priority>;

const SegmentOpportunity = z.object({
  id: Id,
  type: z.literal('segment_opportunity'),
  title: Text,
  description: Text,
  priority: Priority,
  impact: z.object({
    potential_revenue: z.number().min(0).optional().describe('What the segment is expected to spend in the next 30 days.'),
    conversion_probability: Probability.describe('That a member reaches the goal in the next 30 days.'),
    confidence_score: Probability.describe('That the true conversion probability lies within a tenth of the measured one.'),
    estimated_revenue_increase: z.number().min(0).optional().describe('Per 30 days, when members move up at the measured pace.'),
    estimated_conversion_increase: z.number().min(0).optional().describe('Likewise, in members who convert.'),
    basis: Bases,
  }),
  segment: z.object({
    segment_id: Text,
    name: Text,
    size: Count,
    characteristics: z.object({
      avg_engagement_growth: z.number().min(-1).optional(),
      avg_current_value: z.number().optional(),
      avg_potential_value: z.number().optional(),
      top_interests: z.array(Text).min(1).max(5).optional(),
    }),
  }),
  recommended_actions: z.array(RecommendedAction).min(1),
  actions: z.array(z.object({ action_type: Text, description: Text })).min(1),
  cta_url: z.url({ protocol: /^https?$/ }),
  metadata: z.object({
    walk_date: z.iso.date(),
    as_of: Moment,
    currency: z.string().regex(/^[A-Z]{3}$/),
    period_days: z.int(),
    strategy: Text,
  }),
});
export type SegmentOpportunity = z.infer<typeof SegmentOpportunity>;

const TestArm = z.object({
  variation: Text.describe('What the arm says: its subject, or else its name.'),
  open_rate: Probability.optional(),
  click_rate: Probability.optional(),
  conversions: Count,
});

const AbTestWinner = z.object({
  id: Id,
  type: z.literal('ab_test_winner'),
  title: Text,
  description: Text,
  priority: Priority,
  impact: z.object({
    improvement: z.number().optional().describe("Of the test's metric, relative: what to expect, after shrinkage."),
    conversion_improvement: z.number().optional().describe('The same, where the metric is a conversion rate.'),
    annual_additional_conversions: z.number().optional(),
    annual_additional_revenue: z.number().optional(),
    annual_interval: z.tuple([z.number(), z.number()]).optional().describe('Where the annual figure lies with 95 % probability.'),
    estimated_revenue_increase: z.number().optional().describe('Per 30 days.'),
    confidence_level: Probability.optional().describe('Of the interval of the difference that leaves 0 out, at all looks together.'),
    confidence_score: Probability.describe('That the winner is better than the control; of a bandit, that it is the best arm.'),
    basis: Bases,
  }),
  test_results: z.object({
    test_id: Text,
    test_name: Text,
    primary_metric: Text,
    duration_days: z.number().min(0),
    sample_size: Count.describe('Users whose conversion window has closed, in all arms.'),
    control: TestArm,
    winner: TestArm.extend({
      improvement: z
        .number()
        .optional()
        .describe('Relative, as measured: too big where a test stopped early. impact.improvement is to be expected.'),
      improvement_interval: z.tuple([z.number(), z.number()]).optional(),
    }),
    p_value: Probability.optional().describe('Valid at every look.'),
    p_value_note: Text.optional(),
    statistical_significance: z.boolean(),
  }),
  recommended_actions: z.array(RecommendedAction).min(1),
  actions: z.array(z.object({ action_type: Text, description: Text })).min(1),
  cta_url: z.url({ protocol: /^https?$/ }),
  metadata: z.object({ walk_date: z.iso.date(), as_of: Moment, currency: z.string().regex(/^[A-Z]{3}$/), decided_at: Moment }),
});
export type AbTestWinner = z.infer<typeof AbTestWinner>;

export const Suggestion = z.discriminatedUnion('type', [SegmentOpportunity, AbTestWinner]);
export type Suggestion = z.infer<typeof Suggestion>;

export const isAboutSegment = (suggestion: Suggestion): suggestion is SegmentOpportunity => suggestion.type === 'segment_opportunity';
export const isTestWinner = (suggestion: Suggestion): suggestion is AbTestWinner => suggestion.type === 'ab_test_winner';

const Summary = z.object({
  total_suggestions: Count,
  high_priority: Count,
  medium_priority: Count,
  low_priority: Count,
  total_estimated_impact: z.object({
    revenue_opportunity: z.number().min(0).optional(),
    users_affected: Count,
    conversion_improvements: Count.optional(),
    annual_additional_conversions: z.number().optional().describe('Of the winners of A/B tests, which is no part of the other figures.'),
  }),
});
export type Summary = z.infer<typeof Summary>;

export const SuggestionsPayload = z.object({
  agent_type: z.literal('audience_intelligence'),
  tenant_id: z.guid(),
  timestamp: Moment.describe('As of when the figures hold.'),
  priority: Priority,
  suggestions: z.array(Suggestion).min(1),
  summary: Summary,
});
export type SuggestionsPayload = z.infer<typeof SuggestionsPayload>;

/** JSON Schema (2020-12) of the payload. Fields that it does not name are allowed: En Garde keeps them. */
export function suggestionsJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(SuggestionsPayload, { io: 'input' }), title: 'Suggestions of a walk, as En Garde receives them' };
}
