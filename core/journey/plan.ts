import type { EngagementChannel } from '../event/engagement.js';
import type { SocialProvider } from '../message/social-message.js';
import type { StepOffer } from '../template/offer.js';
import type { Frequency } from './campaign-request.js';
import type { SendTime } from './send-time.js';
import { reactionBits, reactions, type Reaction, type Watched } from './triggers.js';

/**
 * One version of a campaign's sequence. It never changes: an edit makes the next version, and a journey keeps the one that it
 * began with. Plain JSON without a word of the messages, so that it is cheap to carry; `PlanContent` has those.
 */
export type Plan = {
  readonly version: number;
  readonly goal: string | null;
  readonly entry: PlanEntry;
  readonly reentry: Reentry;
  readonly frequency: Frequency | null;
  readonly exits: { readonly goal: boolean; readonly segmentLeft: boolean; readonly pause: boolean };
  readonly lifetimeMs: number;
  /** The highest step key that any version has had. */
  readonly lastKey: number;
  /** The bit that a reached goal sets in a journey; 0 where no trigger looks at it. */
  readonly convertedBit: number;
  readonly steps: readonly PlanStep[];
};

export type PlanEntry = { readonly kind: 'launch' } | { readonly kind: 'segment' } | { readonly kind: 'event'; readonly event: string };

/** At which moments people enter: once at the launch, at each occurrence of the calendar, or as they come. */
export type Enters = 'launch' | 'calendar' | 'segment' | 'event';
export const entersBy = ({ entry, frequency }: Pick<Plan, 'entry' | 'frequency'>): Enters => (frequency === null ? entry.kind : 'calendar');

/** Whether somebody may enter more than once. */
export const entersAgain = ({ reentry, frequency }: Pick<Plan, 'reentry' | 'frequency'>): boolean =>
  frequency !== null || reentry.kind !== 'never';

export type Reentry =
  { readonly kind: 'never' } | { readonly kind: 'after_leaving' } | { readonly kind: 'after_days'; readonly days: number };

export type PlanStep = {
  readonly key: number;
  readonly day: number;
  readonly channel: EngagementChannel;
  /** Of a social step that names one. */
  readonly provider?: SocialProvider;
  readonly template: string;
  /** The test whose arms it shows; absent where it shows none. */
  readonly test?: string;
  readonly sendTime: SendTime;
  readonly trigger: Trigger | null;
  /** Positions of later steps; the number of steps is the end of the sequence, LEAVE is out of it. */
  readonly next: number;
  readonly otherwise: number;
  /** The bits that a reaction to this step sets in a journey; none where no trigger can use it. */
  readonly marks: Readonly<Partial<Record<Reaction, number>>>;
  /** The bit that says that this step was not sent; 0 where no trigger looks at the step. */
  readonly missedBit: number;
};

/** `bit` is set when it happened, `missedBit` when it no longer can, since what it looks at was not sent. */
export type Trigger = {
  readonly watches: Watched;
  readonly wanted: boolean;
  readonly bit: number;
  readonly missedBit: number;
  readonly timeoutMs: number;
};

/** The words of a step, where it has some of its own, and what it offers; all else is its template's. */
export type PlanContent = {
  readonly key: number;
  readonly subject?: string;
  readonly text?: string;
  /** Of a push message: where a tap leads. */
  readonly url?: string;
  readonly offer?: StepOffer;
  readonly incentive?: string;
};

/** In place of a position: the journey is over. */
export const LEAVE = -1;

/** Whether a trigger can use a reaction to a step; whoever brings reactions need not bring the others. */
export const usesReaction = (plan: Plan, stepKey: number, reaction: Reaction): boolean =>
  plan.steps.some(({ key, marks }) => key === stepKey && marks[reaction] !== undefined);

/** The bits that a handful of reactions to a step (an or of `reactionBits`) sets. */
export const marksFor = ({ marks }: PlanStep, reacted: number): number =>
  reactions.reduce((all, reaction) => ((reacted & reactionBits[reaction]) === 0 ? all : all | (marks[reaction] ?? 0)), 0);
