/** That a step first fell due for a user, or that a test elsewhere showed them something. The first one is theirs for ever. */
export type Exposure = { readonly userId: string; readonly variationId: string; readonly atMs: number };

/** `engaged` carries seconds of engagement; the others are what messages and goals cause. */
export const outcomeKinds = [
  'sent',
  'opened',
  'clicked',
  'replied',
  'converted',
  'engaged',
  'unsubscribed',
  'complained',
  'bounced',
] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

/** What a user did. `value` is money in minor units (refunds are negative) or seconds, for metrics that add up something. */
export type Outcome = {
  readonly userId: string;
  readonly kind: OutcomeKind;
  readonly atMs: number;
  readonly byMachine: boolean;
  readonly value: number | null;
};

/** What is known of a user and a test when another exposure is told. */
export type ExposureContext = {
  readonly earlier: Exposure | null;
  readonly variationIds: readonly string[];
  readonly userDeleted: boolean;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
};

export type ExposureVerdict =
  | { readonly kind: 'first' }
  | { readonly kind: 'repeated' }
  /** Kept, and the user is left out of the metric from now on. */
  | { readonly kind: 'second_arm'; readonly first: string }
  | { readonly kind: 'refused'; readonly because: string };

/** What an exposure is. Told twice, it is one; the arm of the first stays the user's arm, whatever comes later. */
export function judgeExposure(exposure: Exposure, context: ExposureContext): ExposureVerdict {
  const because = exposureFault(exposure, context);
  if (because !== null) return { kind: 'refused', because };
  if (context.earlier === null) return { kind: 'first' };
  if (context.earlier.variationId === exposure.variationId) return { kind: 'repeated' };
  return { kind: 'second_arm', first: context.earlier.variationId };
}

function exposureFault({ variationId, atMs }: Exposure, context: ExposureContext): string | null {
  if (!context.variationIds.includes(variationId)) {
    return `variation ${JSON.stringify(variationId)} is not one of this test: ${context.variationIds.join(', ')}`;
  }
  if (context.userDeleted) return 'the user was deleted';
  if (context.startedAtMs === null) return 'the test has not started';
  if (atMs < context.startedAtMs) return 'it is from before the test started';
  if (context.endedAtMs !== null && atMs > context.endedAtMs) return 'it is from after the test ended';
  return null;
}

export type OutcomeVerdict =
  | { readonly kind: 'counts' }
  /** Kept in the results and shown, and of no weight in any metric. */
  | {
      readonly kind: 'kept';
      readonly because: 'not_exposed' | 'before_exposure' | 'after_window' | 'by_machine' | 'after_verdict' | 'second_arm';
    };

/** The user's own part in the test: first exposure, whether there was one to another arm, and the window that it opened. */
export type Participation = { readonly exposedAtMs: number | null; readonly exposedTwice: boolean; readonly windowMs: number };

/** Whether an outcome counts: caused by the exposure at all (not before it), within its window, by a person, before the verdict. */
export function judgeOutcome(outcome: Outcome, participation: Participation, decidedAtMs: number | null): OutcomeVerdict {
  const { exposedAtMs, exposedTwice, windowMs } = participation;
  if (exposedAtMs === null) return { kind: 'kept', because: 'not_exposed' };
  if (outcome.atMs < exposedAtMs) return { kind: 'kept', because: 'before_exposure' };
  if (outcome.atMs >= exposedAtMs + windowMs) return { kind: 'kept', because: 'after_window' };
  if (outcome.byMachine) return { kind: 'kept', because: 'by_machine' };
  if (exposedTwice) return { kind: 'kept', because: 'second_arm' };
  if (decidedAtMs !== null && outcome.atMs > decidedAtMs) return { kind: 'kept', because: 'after_verdict' };
  return { kind: 'counts' };
}

/** Only then has the user had as much time as everybody else, and may count in the primary metric. */
export const windowClosed = (exposedAtMs: number, windowMs: number, atMs: number): boolean => exposedAtMs + windowMs <= atMs;

export type OutcomeFault = { readonly field: string; readonly message: string };

/** What is wrong with an outcome as it was sent. A negative value is a refund for money, and a mistake for time. */
export function outcomeFaults(outcome: Outcome, metric: { readonly kind: string }): OutcomeFault[] {
  const faults: OutcomeFault[] = [];
  const { value } = outcome;
  if (value !== null && !Number.isFinite(value)) faults.push({ field: 'value', message: `must be a finite number, not ${value}` });
  if (value !== null && value < 0 && metric.kind === 'engagement_time') {
    faults.push({ field: 'value', message: `seconds of engagement cannot be negative, and are ${value}` });
  }
  if (value !== null && metric.kind === 'revenue_per_user' && Number.isFinite(value) && !Number.isSafeInteger(value)) {
    faults.push({ field: 'value', message: `money is in whole minor units (cents), not ${value}` });
  }
  if (!Number.isSafeInteger(outcome.atMs)) faults.push({ field: 'at', message: 'must be a moment' });
  return faults;
}
