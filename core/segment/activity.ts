/**
 * What is counted of a user's events: whole numbers only, so that no order of addition can change them. Features are computed
 * from these. Ages are whole days before `asOf`; an event of exactly n days is still one of the last n. "Before" is the same as of 30
 * days earlier, so that both come from one pass.
 */
export const activityFields = [
  /** Milliseconds since 1970 of the first event. */
  'firstMs',
  /** Of the last interaction; of the first event, where there was none. */
  'lastMs',
  'lastMsBefore',
  // Interactions by age in days
  'interactions0To15',
  'interactions15To30',
  'interactions30To45',
  'interactions45To60',
  'interactions60To90',
  'interactions90To120',
  'interactionsFrom120',
  /** Engagement points, see `engagement-points.ts`. */
  'points',
  'pointsBefore',
  /** Points with time decay, in units of 1 / DECAY_UNIT. */
  'decayedPoints',
  'decayedPointsBefore',
  // Money in minor units of the tenant's currency, net of refunds, but for `paidMinor`, which leaves them out
  'spentMinor',
  'spentMinor0To30',
  'spentMinor30To60',
  'paidMinor',
  /** Events that brought money in. */
  'orders',
  /** Events with an amount in another currency: left out of all money. */
  'foreignAmounts',
  /** How often the tenant's goal `convert_to_paid` was reached in the last 30 days. */
  'goals0To30',
] as const;
export type ActivityField = (typeof activityFields)[number];

/** Users by position; `userIds` are in the order of their UTF-8 bytes. */
export type Activity = { readonly userIds: readonly string[] } & Readonly<Record<ActivityField, Float64Array>>;

/** A point's worth halves every 30 days, straight in between: whole numbers suffice. */
export const HALF_LIFE_DAYS = 30;
/** A point of today, in the units of `decayedPoints`. */
export const DECAY_UNIT = 2 * HALF_LIFE_DAYS * 2 ** 20;

/** What `points` are worth at an age, in units of 1 / DECAY_UNIT. The lake's query says the same in SQL. */
export function decayed(points: number, ageDays: number): number {
  const halvings = Math.min(Math.floor(ageDays / HALF_LIFE_DAYS), 40);
  return Math.floor((points * (2 * HALF_LIFE_DAYS - (ageDays % HALF_LIFE_DAYS)) * 2 ** 20) / 2 ** halvings);
}
