import type { DroppedFeature, FeatureUse } from './points.js';

/** Who has content affinities and channel rates at all, over the whole audience. */
export type AffinityOverview = {
  readonly users: number;
  readonly usersWithCategory: number;
  /** The most frequent first. */
  readonly categories: readonly string[];
  readonly channels: readonly { readonly channel: string; readonly users: number }[];
};

/** Below this share of users who have a value, nearly everyone would be put at the mean, and the others apart for having been counted. */
const ENOUGH_USERS = 0.5;
const MOST_CATEGORIES = 3;

/**
 * A user's content affinity is the share of a category in their interactions that have one; the engagement rate of a channel is the
 * share of delivered messages that were engaged with in the last 90 days. They colour a segment; they must not make one.
 */
export function chooseAffinities({ users, usersWithCategory, categories, channels }: AffinityOverview): {
  readonly uses: readonly FeatureUse[];
  readonly leftOut: readonly DroppedFeature[];
} {
  const enough = (having: number) => users > 0 && having >= ENOUGH_USERS * users;
  const use = (name: FeatureUse['name']): FeatureUse => ({ name, unit: 1, logged: false, weight: 0.25 });
  const named = [
    ...categories.slice(0, MOST_CATEGORIES).map((category) => ({ use: use(`category:${category}`), in: enough(usersWithCategory) })),
    ...channels.map(({ channel, users: having }) => ({ use: use(`channel:${channel}`), in: enough(having) })),
  ];
  return {
    uses: named.filter((entry) => entry.in).map((entry) => entry.use),
    leftOut: named.filter((entry) => !entry.in).map((entry) => ({ name: entry.use.name, because: 'too few users have one' })),
  };
}
