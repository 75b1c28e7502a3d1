export const gateNames = ['whole_week', 'users', 'conversions', 'sample_ratio', 'multiple_exposures', 'guardrails'] as const;
export type GateName = (typeof gateNames)[number];

/**
 * A condition that a look must meet before it may spend alpha or decide.
 *
 * passed · waiting: more days or users will bring it · failed: the numbers are wrong or somebody is harmed, and no more data helps.
 */
export type Gate = { readonly name: GateName; readonly status: 'passed' | 'waiting' | 'failed'; readonly detail: string };
