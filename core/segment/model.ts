import { createHash } from 'node:crypto';
import type { TenantId } from '../ids.js';
import { chooseK, K_RANGE, type KChoice, type KScore } from './choosing-k.js';
import { assignToCentres, type Centres } from './kmeans.js';
import { archetypeNames, nameClusters, type ClusterProfile } from './naming.js';
import {
  fitScales,
  pointsOf,
  type DroppedFeature,
  type FeatureColumns,
  type FeatureUse,
  type Points,
  type ScaledFeature,
} from './points.js';
import { archetypes, type Archetype } from './statistics.js';
import { clusterFromLast, continuedFrom, restateCentres, type LastModel } from './warm-start.js';

/** Who is clustered at most; everyone else is only assigned. */
export const SAMPLE_USERS = 20_000;
/** Of fewer users per cluster nothing can be said. */
const LEAST_USERS_PER_CLUSTER = 10;
/** Where everything is drawn from; it only has to stay the same. */
const SEED = 42;
const STARTS = 2;
/** The name of the one segment of an audience that cannot be divided. */
export const EVERYONE = 'All Users';

export type ModelSegment = {
  /** `seg_…`: derived from tenant, type and name, so that the same segment has the same key for ever. */
  readonly key: string;
  readonly name: string;
  readonly archetype: Archetype;
  /** In the model's features: standardised, times weight. Empty where everyone is in one segment. */
  readonly centre: readonly number[];
};

/** All that is needed to compute anybody's membership again, and all that led to it. Plain JSON. */
export type SegmentModel = {
  readonly type: 'behavioral' | 'rule';
  /** What "monetary" is: money, or engagement points where the tenant has no revenue at all. */
  readonly monetary: 'spend' | 'engagement value';
  readonly users: number;
  readonly sampledUsers: number;
  readonly seed: number;
  readonly k: number;
  readonly because: KChoice['because'] | 'too few users, or all alike' | 'nobody to segment';
  readonly scores: readonly KScore[];
  readonly features: readonly ScaledFeature[];
  readonly dropped: readonly DroppedFeature[];
  readonly segments: readonly ModelSegment[];
};

export type ModelQuestion = {
  readonly tenantId: TenantId;
  readonly users: number;
  readonly sampledUsers: number;
  /** Of the sample, in the order of user ids. */
  readonly columns: FeatureColumns;
  readonly monetary: SegmentModel['monetary'];
  readonly uses: readonly FeatureUse[];
  /** What was left out before: too few users had it. */
  readonly leftOut: readonly DroppedFeature[];
  readonly pinnedK?: number;
  /** The model of an earlier day: its k, centres and names stay where today's data do not speak against them. */
  readonly last?: LastModel;
};

/** How the named features enter clustering. Tenure and average order value are reported only: they say when someone came, not how they act. */
export function behaviouralUses(monetary: SegmentModel['monetary'], minorDigits: number): FeatureUse[] {
  return [
    { name: 'recencyDays', unit: 1, logged: true, weight: 1 },
    { name: 'frequency', unit: 1, logged: true, weight: 1 },
    monetary === 'spend'
      ? { name: 'monetaryMinor', unit: 10 ** minorDigits, logged: true, weight: 1 }
      : { name: 'engagementValue', unit: 1, logged: true, weight: 1 },
    { name: 'trend', unit: 1, logged: false, weight: 1 },
    // Half the weight: they say again what recency and frequency say, for the last weeks.
    { name: 'frequency30d', unit: 1, logged: true, weight: 0.5 },
    { name: 'engagementScore', unit: 1, logged: false, weight: 0.5 },
  ];
}

export function fitModel(question: ModelQuestion): SegmentModel {
  const { users, sampledUsers, columns, monetary, leftOut } = question;
  const { features, dropped } = fitScales(columns, question.uses);
  const points = pointsOf(columns, sampledUsers, features);
  const told = { monetary, users, sampledUsers, seed: SEED, dropped: [...leftOut, ...dropped] };
  const most = Math.min(K_RANGE.most, Math.floor(sampledUsers / LEAST_USERS_PER_CLUSTER), countDistinct(points, K_RANGE.most));
  if (most < 2) {
    const segments = sampledUsers === 0 ? [] : [everyone(question)];
    const because = sampledUsers === 0 ? 'nobody to segment' : 'too few users, or all alike';
    return { ...told, type: 'rule', k: segments.length, because, scores: [], features: [], segments };
  }
  const { pinnedK, last } = question;
  const lastCentres = last ? restateCentres(last, features) : [];
  const choice = chooseK(points, {
    seed: SEED,
    least: Math.min(K_RANGE.least, most),
    most,
    ...(pinnedK !== undefined && { pinned: Math.min(pinnedK, most) }),
    lastCentres,
  });
  const { centres } = clusterFromLast(points, choice.k, { seed: SEED, starts: STARTS, alsoFrom: [choice.centres], lastCentres });
  const segments = nameSegments(question, points, features, { centres, lastCentres });
  return { ...told, type: 'behavioral', k: segments.length, because: choice.because, scores: choice.scores, features, segments };
}

/** Segments in the order of the document's five, those with qualified names after the plain one. Clusters that stayed empty are none. */
function nameSegments(
  question: ModelQuestion,
  points: Points,
  features: readonly ScaledFeature[],
  { centres, lastCentres }: { readonly centres: Centres; readonly lastCentres: Centres },
): ModelSegment[] {
  const { nearest, sizes } = assignToCentres(points, centres);
  const filled = centres.map((centre, cluster) => ({ centre, cluster })).filter(({ cluster }) => (sizes[cluster] ?? 0) > 0);
  const average = (name: string, cluster: number): number => {
    const column = question.columns[name];
    let sum = 0;
    for (let i = 0; i < points.count; i++) if (nearest[i] === cluster) sum += column?.[i] ?? 0;
    return sum / (sizes[cluster] ?? 1);
  };
  const continued = continuedFrom(
    filled.map(({ centre }) => centre),
    lastCentres,
  );
  const profiles = filled.map(({ centre, cluster }, i): ClusterProfile => {
    const last = question.last?.segments[continued[i] ?? -1];
    const position = (...names: string[]) => {
      const d = features.findIndex(({ name }) => names.includes(name));
      return d < 0 ? 0 : (centre[d] ?? 0) / (features[d]?.weight ?? 1);
    };
    return {
      position: {
        recency: position('recencyDays'),
        frequency: position('frequency'),
        monetary: position('monetaryMinor', 'engagementValue'),
        trend: position('trend'),
      },
      avgTrend: average('trend', cluster),
      avgFrequency30d: average('frequency30d', cluster),
      ...(last && { last }),
    };
  });
  const segments = nameClusters(profiles).map(({ archetype, name }, i) => ({
    key: segmentKey(question.tenantId, 'behavioral', name),
    name,
    archetype,
    centre: filled[i]?.centre ?? [],
  }));
  return segments.sort((a, b) => orderOf(a) - orderOf(b) || (a.name < b.name ? -1 : 1));
}

/** One segment of all, of the kind that its average user is. */
function everyone({ tenantId, columns, sampledUsers }: ModelQuestion): ModelSegment {
  const average = (name: string) => (columns[name] ?? new Float64Array()).reduce((sum, value) => sum + value, 0) / sampledUsers;
  return { key: segmentKey(tenantId, 'rule', EVERYONE), name: EVERYONE, archetype: kindOf(average), centre: [] };
}

function kindOf(average: (name: string) => number): Archetype {
  if (average('recencyDays') >= 90) return 'lost';
  if (average('trend') < -0.1) return 'at_risk';
  return average('frequency30d') >= 4 ? 'loyal_customers' : 'potential_loyalists';
}

export function segmentKey(tenantId: TenantId, type: SegmentModel['type'], name: string): string {
  return `seg_${createHash('sha256').update(`${tenantId}\n${type}\n${name}`).digest('hex').slice(0, 16)}`;
}

/** The document's order, and plain names first, since they are the shortest. */
const orderOf = ({ archetype, name }: ModelSegment) => archetypes.indexOf(archetype) * 2 + (name === archetypeNames[archetype] ? 0 : 1);

/** How many different points there are, as far as `enough`. */
function countDistinct({ count, dimensions, values }: Points, enough: number): number {
  const seen = new Set<string>();
  for (let i = 0; i < count && seen.size < enough && dimensions > 0; i++) {
    seen.add(values.subarray(i * dimensions, (i + 1) * dimensions).join(' '));
  }
  return dimensions === 0 ? Math.min(count, 1) : seen.size;
}
