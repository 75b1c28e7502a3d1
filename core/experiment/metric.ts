/**
 * What a test is judged by. A rate counts users who did something; a mean adds up something of each user, where those above the
 * quantile `winsoriseAbove` of all arms together may count as much as that quantile, so that one customer decides no test.
 */
export type PrimaryMetric =
  | { readonly kind: 'conversion_rate'; readonly goal: string }
  | { readonly kind: 'ctr' }
  | { readonly kind: 'open_rate' }
  | { readonly kind: 'reply_rate' }
  | { readonly kind: 'revenue_per_user'; readonly currency: string; readonly winsoriseAbove: number | null }
  | { readonly kind: 'engagement_time'; readonly winsoriseAbove: number | null };

export const metricKinds = ['conversion_rate', 'ctr', 'open_rate', 'reply_rate', 'revenue_per_user', 'engagement_time'] as const;
export type MetricKind = (typeof metricKinds)[number];

/** What must not get worse. Each is a rate of exposed users, and more of it is harm. */
export const guardrails = ['unsubscribe', 'complaint', 'bounce'] as const;
export type Guardrail = (typeof guardrails)[number];

export type MetricFamily = 'rate' | 'mean';

export const familyOf = (kind: MetricKind): MetricFamily => (kind === 'revenue_per_user' || kind === 'engagement_time' ? 'mean' : 'rate');

const WORDS: Readonly<Record<MetricKind, string>> = {
  conversion_rate: 'conversion rate',
  ctr: 'click rate',
  open_rate: 'open rate',
  reply_rate: 'reply rate',
  revenue_per_user: 'revenue per user',
  engagement_time: 'engagement time',
};

export const metricInWords = (kind: MetricKind): string => WORDS[kind];
