import { assign } from '../stats/assignment.js';
import { archetypes, type Archetype } from './statistics.js';

/** A cluster's centre in standard deviations from the average user; a feature that does not vary is 0. */
export type Position = { readonly recency: number; readonly frequency: number; readonly monetary: number; readonly trend: number };
const axes = ['recency', 'frequency', 'monetary', 'trend'] as const;
type Axis = (typeof axes)[number];

export type ClusterProfile = {
  readonly position: Position;
  /** Averages over its users. */
  readonly avgTrend: number;
  readonly avgFrequency30d: number;
  /** What the segment that this cluster continues was called in the last walk. */
  readonly last?: SegmentName;
};

export type SegmentName = { readonly archetype: Archetype; readonly name: string };

export const archetypeNames: Readonly<Record<Archetype, string>> = {
  champions: 'Champions',
  loyal_customers: 'Loyal Customers',
  potential_loyalists: 'Potential Loyalists',
  at_risk: 'At Risk',
  lost: 'Lost',
};

export const strategies: Readonly<Record<Archetype, string>> = {
  champions: 'VIP treatment, early access, exclusive offers',
  loyal_customers: 'Upsell, cross-sell, loyalty programs',
  potential_loyalists: 'Nurture campaigns, educational content',
  at_risk: 'Win-back campaigns, special incentives',
  lost: 'Re-engagement campaigns, surveys',
};

/** Where each kind stands between the least (-1) and the most (1) of this audience's clusters, and how much each axis matters. */
export const TEMPLATES: Readonly<Record<Archetype, { readonly at: Position; readonly trendMatters: number }>> = {
  champions: { at: { recency: -1, frequency: 1, monetary: 1, trend: 0.5 }, trendMatters: 0.25 },
  loyal_customers: { at: { recency: -0.5, frequency: 0.7, monetary: 0.3, trend: 0.25 }, trendMatters: 0.5 },
  potential_loyalists: { at: { recency: -0.4, frequency: 0, monetary: 0, trend: 1 }, trendMatters: 1 },
  at_risk: { at: { recency: 0.3, frequency: 0.2, monetary: 0.2, trend: -1 }, trendMatters: 1 },
  lost: { at: { recency: 1, frequency: -1, monetary: -1, trend: 0 }, trendMatters: 0.25 },
};

/** What a name promises, whatever the other clusters are like. */
const PROMISES: Readonly<Record<Archetype, (profile: ClusterProfile) => boolean>> = {
  champions: ({ position }) => position.frequency > 0 && position.monetary > 0 && position.recency < 0,
  loyal_customers: ({ position }) => position.frequency > 0 && position.recency < 0,
  potential_loyalists: ({ avgTrend }) => avgTrend >= -0.1,
  at_risk: ({ avgTrend }) => avgTrend < -0.1,
  lost: ({ position, avgFrequency30d }) => position.recency > 0 && avgFrequency30d < 0.5,
};

/**
 * Costs are squared distances. A broken promise costs more than ten misfits, so that none is broken: whatever a cluster is like, it
 * is potential loyalists or at risk. A kind's second cluster costs less than a bad misfit, and a change of kind less than that.
 */
const BROKEN_PROMISE = 1000;
const REPEATED_KIND = 1;
const CHANGED_KIND = 0.5;

/** Less of a difference on an axis (its whole is 2) is not worth a name. */
const LEAST_DIFFERENCE = 0.05;

const QUALIFIERS: Readonly<Record<Axis, { readonly less: string; readonly more: string }>> = {
  monetary: { less: 'lower value', more: 'higher value' },
  frequency: { less: 'less active', more: 'more active' },
  recency: { less: 'seen more recently', more: 'away for longer' },
  trend: { less: 'weaker trend', more: 'stronger trend' },
};

/**
 * Names clusters by the assignment to templates that fits best in all. A kind may take several clusters where that fits better than
 * another kind: one has the plain name, the one that had it last or fits best; the others say how they differ from it most, or
 * keep their last name while it is true. All names differ.
 */
export function nameClusters(profiles: readonly ClusterProfile[]): SegmentName[] {
  const places = placesOf(profiles);
  const columns = profiles.flatMap((_, repeat) => archetypes.map((archetype) => ({ archetype, repeat })));
  const fits = profiles.map((profile, i) => columns.map(({ archetype }) => misfit(places[i] ?? profile.position, profile, archetype)));
  const columnOf = assign(fits.map((row) => row.map((cost, c) => cost + REPEATED_KIND * (columns[c]?.repeat ?? 0))));
  const archetypeOf = columnOf.map((column) => columns[column]?.archetype ?? 'lost');
  const cost = (cluster: number) => fits[cluster]?.[columnOf[cluster] ?? 0] ?? 0;
  const named = archetypes.flatMap((archetype) => {
    const clusters = profiles.map((_, i) => i).filter((i) => archetypeOf[i] === archetype);
    const wasPlain = (cluster: number) => Number(profiles[cluster]?.last?.name === archetypeNames[archetype]);
    clusters.sort((a, b) => wasPlain(b) - wasPlain(a) || cost(a) - cost(b) || a - b);
    const alike = clusters.map((cluster) => ({ place: places[cluster], lastName: profiles[cluster]?.last?.name }));
    return nameAlike(alike, archetype).map((name, i) => ({ cluster: clusters[i] ?? 0, archetype, name }));
  });
  return named.sort((a, b) => a.cluster - b.cluster).map(({ archetype, name }) => ({ archetype, name }));
}

type Alike = { readonly place: Position | undefined; readonly lastName: string | undefined };

/** Names for clusters of one kind, the one with the plain name first. */
function nameAlike(clusters: readonly Alike[], archetype: Archetype): string[] {
  const plain = archetypeNames[archetype];
  const [first, ...others] = clusters;
  if (!first) return [];
  const fitting = others.map(({ place, lastName }) => {
    const names = qualifiersOf(place, first.place).map((qualifier) => `${plain} – ${qualifier}`);
    return { names, kept: names.find((name) => name === lastName) };
  });
  const taken = new Set(fitting.flatMap(({ kept }) => kept ?? []));
  return [
    plain,
    ...fitting.map(({ names, kept }) => {
      const name = kept ?? names.find((name) => !taken.has(name)) ?? `${plain} – group ${taken.size + 2}`;
      taken.add(name);
      return name;
    }),
  ];
}

/** What tells a cluster from another, the greatest difference first. */
function qualifiersOf(place: Position | undefined, from: Position | undefined): string[] {
  return axes
    .map((axis) => ({ axis, difference: (place?.[axis] ?? 0) - (from?.[axis] ?? 0) }))
    .filter(({ difference }) => Math.abs(difference) >= LEAST_DIFFERENCE)
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
    .map(({ axis, difference }) => (difference < 0 ? QUALIFIERS[axis].less : QUALIFIERS[axis].more));
}

function misfit(place: Position, profile: ClusterProfile, archetype: Archetype): number {
  const { at, trendMatters } = TEMPLATES[archetype];
  const distance = axes.reduce((sum, axis) => sum + (axis === 'trend' ? trendMatters : 1) * (place[axis] - at[axis]) ** 2, 0);
  const isChanged = profile.last !== undefined && profile.last.archetype !== archetype;
  return distance + (PROMISES[archetype](profile) ? 0 : BROKEN_PROMISE) + (isChanged ? CHANGED_KIND : 0);
}

/** Positions between the least (-1) and the most (1) of all clusters on each axis: 0 where they do not differ. */
function placesOf(profiles: readonly ClusterProfile[]): Position[] {
  const scale = (axis: Axis) => {
    const values = profiles.map(({ position }) => position[axis]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return (value: number) => (most > least ? (2 * (value - least)) / (most - least) - 1 : 0);
  };
  const [recency, frequency, monetary, trend] = [scale('recency'), scale('frequency'), scale('monetary'), scale('trend')];
  return profiles.map(({ position }) => ({
    recency: recency(position.recency),
    frequency: frequency(position.frequency),
    monetary: monetary(position.monetary),
    trend: trend(position.trend),
  }));
}
