import { z } from 'zod';
import { documentAnswer } from '../core/experiment/answer.js';
import { testChannels } from '../core/experiment/design-faults.js';
import { outcomeKinds } from '../core/experiment/outcomes.js';
import { guardrails, metricKinds } from '../core/experiment/metric.js';
import { variedParts } from '../core/experiment/variation.js';
import { variationNamer } from '../core/experiment/design.js';
import { verdictInWords } from '../core/experiment/verdict.js';
import type { TestWish } from '../db/queries/test-creation.js';
import { lookOf, type TestDecisionRow, type TestLookRow, type TestRow } from '../db/queries/tests.js';
import { JsonObject, storableText, Timestamp, UserIdField } from './fields.js';
import { present } from './present.js';

export const testModes = ['draft', 'running', 'looking', 'decided', 'applied', 'rolled_back'] as const;

const Id = storableText(1, 255);
const Parts = z.partialRecord(z.enum(variedParts), storableText(1, 5_000));

/** What is asked for is checked in full by the core, which tells all that is wrong at once; here only its form is. */
export const NewTest = z.strictObject({
  name: storableText(1, 500),
  channel: z.enum(testChannels),
  variations: z
    .array(z.strictObject({ id: Id, name: storableText(1, 255).optional(), weight: z.number().optional(), parts: Parts }))
    .max(100)
    .optional()
    .describe('2 to 10; the first is the control. Without weights all have the same.'),
  factors: z
    .array(
      z.strictObject({ part: z.enum(variedParts), levels: z.array(z.strictObject({ id: Id, value: storableText(1, 5_000) })).max(20) }),
    )
    .max(5)
    .optional()
    .describe('In place of variations: every combination of levels is one.'),
  audience_segment: storableText(1, 255).optional().describe('`seg_…`; everybody when absent.'),
  primary_metric: z.enum(metricKinds),
  goal: storableText(1, 255).optional().describe("Of conversion_rate: the name of one of the tenant's goals."),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional()
    .describe("Of revenue_per_user; the tenant's when absent."),
  winsorise_above: z
    .number()
    .optional()
    .describe('Of a mean: what lies above this quantile of all measured users counts as much as it, such as 0.99.'),
  guardrails: z.array(z.enum(guardrails)).optional().describe('All three when absent.'),
  exposure_share: z.number().optional(),
  exclusion: z
    .strictObject({ group: storableText(1, 100), share: z.number().gt(0).max(1) })
    .optional()
    .describe('Tests of one group never share a user; each takes a share of it.'),
  baseline: z
    .union([z.strictObject({ rate: z.number() }), z.strictObject({ mean: z.number(), deviation: z.number() })])
    .optional()
    .describe("What the control is expected to do; from the tenant's own history when absent."),
  minimum_effect: z.number().optional().describe('The smallest relative effect worth finding; 0.1, or what past tests say, when absent.'),
  alpha: z.number().optional(),
  power: z.number().optional(),
  duration_days: z.int().optional(),
  conversion_window_hours: z.int().optional(),
  mode: z.enum(['sequential', 'fixed', 'bandit']).optional(),
  open_ended: z.boolean().optional(),
  floor: z.number().optional(),
  apply_to: storableText(1, 255).optional().describe('The template family of which the winner becomes the default.'),
  apply_automatically: z.boolean().optional(),
});
export type NewTest = z.output<typeof NewTest>;

/** The fields of a request as the core names them, so that its faults can be told in the caller's words. */
const NAMES: Readonly<Record<string, string>> = {
  primaryMetric: 'primary_metric',
  winsoriseAbove: 'winsorise_above',
  exposureShare: 'exposure_share',
  minimumEffect: 'minimum_effect',
  durationDays: 'duration_days',
  conversionWindowHours: 'conversion_window_hours',
  openEnded: 'open_ended',
  applyTo: 'apply_to',
  applyAutomatically: 'apply_automatically',
  audience: 'audience_segment',
};
export const fieldName = (field: string): string => field.replace(/^\w+/, (head) => NAMES[head] ?? head);

export function wishOf(body: NewTest): TestWish {
  const baseline = body.baseline && { ...levelOf(body.baseline), source: 'the caller', ageDays: 0 };
  return present({
    name: body.name,
    channel: body.channel,
    variations: body.variations?.map(({ name, weight, ...variation }) => ({ ...variation, ...present({ name, weight }) })),
    factors: body.factors,
    audience:
      body.audience_segment === undefined
        ? { kind: 'rule' as const, rule: 'everyone' }
        : { kind: 'segment' as const, segmentId: body.audience_segment },
    primaryMetric: body.primary_metric,
    goal: body.goal,
    currency: body.currency,
    winsoriseAbove: body.winsorise_above,
    guardrails: body.guardrails,
    exposureShare: body.exposure_share,
    exclusionGroup: body.exclusion,
    baseline,
    minimumEffect: body.minimum_effect,
    alpha: body.alpha,
    power: body.power,
    durationDays: body.duration_days,
    conversionWindowHours: body.conversion_window_hours,
    mode: body.mode,
    openEnded: body.open_ended,
    floor: body.floor,
    applyTo: body.apply_to,
    applyAutomatically: body.apply_automatically,
  });
}

const levelOf = (level: NonNullable<NewTest['baseline']>) =>
  'rate' in level ? { kind: 'rate' as const, rate: level.rate } : { kind: 'mean' as const, ...level };

export const Test = z.object({
  test_id: z.string().describe('`test_…`'),
  name: z.string(),
  channel: z.string(),
  status: z.enum(testModes),
  variations: z
    .array(z.object({ id: z.string(), name: z.string(), weight: z.number(), parts: JsonObject }))
    .describe('The first is the control.'),
  audience_size: z.int(),
  primary_metric: JsonObject,
  plan: JsonObject.describe(
    'Users needed in all and in each arm, users available, days, and what effect could be seen with what there is.',
  ),
  start_date: Timestamp.nullable(),
  end_date: Timestamp.nullable().describe('When its last look is due.'),
  looks: z.int(),
  next_look_at: Timestamp.nullable(),
  winning_variation: z.string().nullable(),
  confidence_level: z.number().nullable().describe('Percent: the level of the interval that leaves 0 out.'),
  ending: z.string().nullable().describe('How it ended, in words.'),
  created_at: Timestamp,
  url: z.string(),
});

export const testUrl = (testKey: string): string => `/v1/tests/${testKey}`;

export function testOf(row: TestRow): z.input<typeof Test> {
  const { state } = row;
  return {
    test_id: row.testKey,
    name: row.testName,
    channel: row.channel,
    status: row.status,
    variations: row.variations.map(({ id, name, weight, parts }) => ({ id, name, weight, parts })),
    audience_size: row.audienceSize,
    primary_metric: { ...row.design.primaryMetric },
    plan: { ...row.plan },
    start_date: row.startDate,
    end_date: row.endDate,
    looks: 'looks' in state ? state.looks : 0,
    next_look_at: state.mode === 'running' ? new Date(state.nextLookMs) : null,
    winning_variation: row.winningVariation,
    confidence_level: row.confidenceLevel,
    ending: 'ending' in state ? verdictInWords(state.ending, variationNamer(row.design)) : null,
    created_at: row.createdAt,
    url: testUrl(row.testKey),
  };
}

const LookShown = z.object({
  number: z.int(),
  looked_at: Timestamp,
  information: z.number().nullable().describe('Users whose window has closed, as a part of the planned maximum.'),
  z: z.number().nullable(),
  boundary: z.number().nullable().describe('What |z| had to reach; null where the look could not decide.'),
  verdict: z.string(),
  analysis: JsonObject.describe('Gates, arms with intervals, comparisons with their p-values, shrunk effects.'),
});

export function lookShown(row: TestLookRow, test: TestRow): z.input<typeof LookShown> {
  return {
    number: row.lookNumber,
    looked_at: row.lookedAt,
    information: row.information,
    z: row.z,
    boundary: row.boundary,
    verdict: verdictInWords(row.verdict, variationNamer(test.design)),
    analysis: { ...row.analysis },
  };
}

const DecisionShown = z.object({ kind: z.string(), actor: z.string(), detail: JsonObject, decided_at: Timestamp });

export const decisionShown = ({ kind, actor, detail, decidedAt }: TestDecisionRow): z.input<typeof DecisionShown> => ({
  kind,
  actor,
  detail,
  decided_at: decidedAt,
});

export const TestWithLooks = Test.extend({
  design: JsonObject.describe('As it was checked, with all defaults filled in.'),
  answer: JsonObject.nullable().describe(
    'What the latest look says: status, winning_variation, improvement, p_value, confidence_interval, recommendation.',
  ),
  report: z.string().nullable().describe('The latest look as a person reads it.'),
  looks_taken: z.array(LookShown).describe('The first one first.'),
  decisions: z.array(DecisionShown).describe('Who decided what, the first one first.'),
  chart_url: z.string(),
});

export const answerOf = (test: TestRow, look: TestLookRow): Readonly<Record<string, unknown>> => ({
  ...documentAnswer(test.design, lookOf(look)),
});

const Moment = z.iso.datetime({ offset: true });
export const Exposures = z.strictObject({
  exposures: z
    .array(
      z.strictObject({
        user_id: UserIdField,
        variation_id: Id.optional().describe("By the test's own assignment when absent."),
        exposed_at: Moment.optional().describe('Now, when absent.'),
      }),
    )
    .min(1)
    .max(500),
});

export const Outcomes = z.strictObject({
  outcomes: z
    .array(
      z.strictObject({
        outcome_id: Id.describe('Any text that names this outcome: it is stored once.'),
        user_id: UserIdField,
        kind: z.enum(outcomeKinds),
        at: Moment.optional().describe('Now, when absent.'),
        by_machine: z.boolean().default(false).describe('Kept, and not counted.'),
        value: z.int().nullable().default(null).describe('Minor units of money (below 0 with `refunded`), or seconds with `engaged`.'),
      }),
    )
    .min(1)
    .max(500),
});
