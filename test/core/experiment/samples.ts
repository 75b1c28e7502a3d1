import type { ArmCounts, LookFacts, PrimaryCounts } from '../../../core/experiment/counts.js';
import { designTest, type KnownBefore, type TestRequest } from '../../../core/experiment/design-request.js';
import type { TestDesign } from '../../../core/experiment/design.js';
import type { JudgedTest } from '../../../core/experiment/deciding.js';
import { planTest, ruleOf } from '../../../core/experiment/plan.js';

export const DAY_MS = 86_400_000;

export const someRequest: TestRequest = {
  name: 'Welcome subject',
  channel: 'email',
  variations: [
    { id: 'control', name: 'Welcome', parts: { subject: 'Welcome to the shop' } },
    { id: 'personal', name: 'Personal', parts: { subject: '{{first_name}}, your dashboard is ready' } },
  ],
  audience: { kind: 'segment', segmentId: 'new-sign-ups' },
  primaryMetric: 'conversion_rate',
  goal: 'purchase',
  baseline: { kind: 'rate', rate: 0.2, source: 'the last 30 days', ageDays: 0 },
  minimumEffect: 0.25,
};

export const someKnown: KnownBefore = { baseline: null, audienceUsers: 50_000, prior: null };

export function designed(request: Partial<TestRequest> = {}): TestDesign {
  const answer = designTest({ ...someRequest, ...request }, someKnown);
  if (answer.status === 'refused') throw new Error(answer.faults.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return answer.design;
}

export function judged(request: Partial<TestRequest> = {}): JudgedTest {
  const design = designed(request);
  return { design, rule: ruleOf(design, planTest(design, { usersNow: 1e6, newUsersPerDay: 0 })) };
}

/** Variations of so many arms, the control first. */
export const arms = (count: number): NonNullable<TestRequest['variations']> =>
  Array.from({ length: count }, (_, i) => ({ id: `arm-${i}`, parts: {} }));

type Numbers = Partial<Omit<ArmCounts, 'variationId' | 'primary'>> & {
  readonly users: number;
  readonly successes?: number;
  readonly primary?: PrimaryCounts;
};

export function armCounts(variationId: string, { users, successes = 0, ...given }: Numbers): ArmCounts {
  return {
    variationId,
    exposed: users,
    exposedTwice: 0,
    closed: users,
    measured: users,
    notDelivered: 0,
    primary: { kind: 'rate', successes },
    engaged: { opened: successes, clicked: successes, replied: 0, converted: successes, machineOpened: 0 },
    harmed: {},
    ...given,
  };
}

/** The counts of a look on a day; a test runs 14 days and 3 more for the last windows unless said otherwise. */
export function factsOn(day: number, counts: readonly ArmCounts[], endDay = 17): LookFacts {
  return {
    atMs: day * DAY_MS,
    startedAtMs: 0,
    endsAtMs: endDay * DAY_MS,
    arms: counts,
    periods: [{ weights: counts.map(() => 1 / counts.length), exposed: counts.map(({ exposed }) => exposed), results: null }],
  };
}

/** A look of two arms with these users and conversions. */
export const twoArms = (
  day: number,
  control: readonly [users: number, successes: number],
  other: readonly [users: number, successes: number],
  endDay = 17,
) =>
  factsOn(
    day,
    [armCounts('control', { users: control[0], successes: control[1] }), armCounts('personal', { users: other[0], successes: other[1] })],
    endDay,
  );
