/**
 * What is told of an exposed user. `engaged` carries seconds of engagement, `refunded` money that went back (below 0); the others are
 * what messages and goals cause.
 */
export const outcomeKinds = [
  'sent',
  'opened',
  'clicked',
  'replied',
  'converted',
  'refunded',
  'engaged',
  'unsubscribed',
  'complained',
  'bounced',
] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];
