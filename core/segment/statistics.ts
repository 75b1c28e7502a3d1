/** What a walk looks back on: the last 30 days and the 30 days before them, counted back from the walk's `asOf` in hours, not in calendar days. */
export const PERIOD_DAYS = 30;

/** The document's five kinds of behavioural segment. Several segments may be of one kind: then their names are qualified. */
export const archetypes = ['champions', 'loyal_customers', 'potential_loyalists', 'at_risk', 'lost'] as const;
export type Archetype = (typeof archetypes)[number];

/**
 * What is kept of a segment in `audience_segments.statistics`: plain JSON, and all that a suggestion may show of it. Everything
 * is as of the walk's `asOf`. A figure that cannot be computed is absent. Money is in minor units of `currency`, net of refunds;
 * averages are over all members; a share or rate is a fraction (0.18 is 18 %).
 */
export type SegmentStatistics = {
  /** ISO 8601, UTC. Events from here on are not seen. */
  readonly asOf: string;
  /** ISO 4217: the tenant's. Events in another currency are not in the money. */
  readonly currency: string;
  readonly archetype: Archetype;
  readonly users: number;
  /** Of all users that were clustered in this walk. */
  readonly share: number;
  /** Days since a member's last interaction. */
  readonly avgRecencyDays: number;
  /** Interactions of a member in the last 30 days. */
  readonly avgFrequency30d: number;
  /** Interactions of a member in all. */
  readonly avgFrequency: number;
  /** What a member spent in all. Absent when the tenant has no revenue at all. */
  readonly avgMonetaryMinor?: number;
  /** All that members spent on purchases, refunds not taken off, by the number of these purchases. Absent where they made none. */
  readonly avgOrderValueMinor?: number;
  /** Engagement points of a member in all, without decay: the "monetary" of a tenant without revenue. */
  readonly avgEngagementValue: number;
  /** Days since a member's first event. */
  readonly avgTenureDays: number;
  /** -1 (stopped) to 1 (grows): see `trend` of the features. */
  readonly avgTrend: number;
  /** 0 to 100: see `engagementScore` of the features. */
  readonly avgEngagementScore: number;
  /** Interactions by today's members in both periods. */
  readonly engagement: { readonly last30Days: number; readonly previous30Days: number };
  /** What today's members spent in both periods and in all. Absent when the tenant has no revenue at all. */
  readonly spendMinor?: { readonly last30Days: number; readonly previous30Days: number; readonly total: number };
  /** Like with like: today's model applied to people as they were at `asOf`, 30 days before. Absent when nobody was there yet. */
  readonly growth?: SegmentGrowth;
  /** What became of the people who were in this segment 30 days before, by today's model. Absent when it would have had nobody. */
  readonly cohort?: SegmentCohort;
  /** The categories of members' interactions, the most frequent first, at most 5, as shares of those that have one. Absent when no event has one. */
  readonly topInterests?: readonly { readonly category: string; readonly share: number }[];
  /** Of messages delivered to members in the last 90 days, by channel: only where enough members had one. */
  readonly channelRates?: Readonly<Record<string, ChannelRate>>;
  /** In words for people, the most telling first. */
  readonly traits: readonly string[];
  readonly strategy: string;
};

export type SegmentGrowth = {
  /** ISO 8601, UTC: 30 days before the walk's. */
  readonly asOf: string;
  readonly usersBefore: number;
  /** (users - usersBefore) / usersBefore. Absent when there was nobody. */
  readonly rate?: number;
};

export type SegmentCohort = {
  readonly users: number;
  /** How many of them reached the tenant's goal `convert_to_paid` since. Absent when the tenant has no goal of that name. */
  readonly converted?: number;
  /** What they spent since. Absent when the tenant has no revenue at all. */
  readonly spentMinor?: number;
  /** Where they are now: segment key → users. It adds up to `users`. */
  readonly movedTo: Readonly<Record<string, number>>;
};

/** Delivered messages that were opened, clicked or answered, each counted once at most. */
export type ChannelRate = { readonly users: number; readonly delivered: number; readonly engaged: number; readonly rate: number };
