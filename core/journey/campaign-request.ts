import type { StepOffer } from '../template/offer.js';

/** How often a recurring campaign enters its segment again. */
export const frequencies = ['daily', 'weekly', 'monthly'] as const;
export type Frequency = (typeof frequencies)[number];

/** A campaign as a person writes it, with the fields of the solution document; docs/journeys.md describes each. */
export type CampaignRequest = {
  readonly campaign_id?: string;
  readonly segment?: string;
  readonly goal?: string;
  readonly sequence: readonly StepRequest[];
  readonly entry?: string | { readonly event: string };
  readonly frequency?: string;
  readonly re_entry?: string | { readonly after_days: number };
  readonly exit_on_goal?: boolean;
  readonly exit_on_segment_left?: boolean;
  readonly exit_on_pause?: boolean;
  readonly lifetime_days?: number;
  /** What people have consented to, or not. */
  readonly topic?: string;
  /** 0 to 9: higher ones pass the caps of lower ones. */
  readonly priority?: number;
};

export type StepRequest = {
  readonly step_key?: number;
  readonly day: number;
  readonly channel: string;
  /** Of a social step: the network that it goes over; the one that each person wrote from last, when absent. */
  readonly provider?: string;
  readonly template: string;
  readonly subject?: string;
  readonly message?: string;
  readonly content?: string;
  /** Of a push message: where a tap leads. */
  readonly url?: string;
  readonly offer?: StepOffer;
  /** What a person gets for taking part, in words: `$10 gift card`. */
  readonly incentive?: string;
  /** The test whose arms it shows. */
  readonly test?: string;
  readonly send_time?: string;
  readonly trigger?: string;
  /** The key of the earlier step that the trigger looks at. */
  readonly trigger_step?: number;
  readonly timeout_hours?: number;
  /** Where to go after the message: a later step's key, or `leave`. The next step, when absent. */
  readonly next?: number | string;
  /** Where to go when the trigger does not come true: a later step's key, `next` or `leave`. */
  readonly else?: number | string;
};

/** One thing that is wrong with a campaign: where, and what was expected. */
export type PlanFault = { readonly field: string; readonly message: string };
