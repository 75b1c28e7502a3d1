import type { FeatureName } from './features.js';

/** Columns by feature; `category:<name>` and `channel:<name>` beside the named ones. What is not finite is missing: the user has no such value. */
export type FeatureColumns = Readonly<Record<string, Float64Array>>;

/** How a feature enters clustering. */
export type FeatureUse = {
  readonly name: FeatureName | `category:${string}` | `channel:${string}`;
  /** The value is divided by it first: minor units become major ones. */
  readonly unit: number;
  /** sign(x) × ln(1 + |x|), for what is skewed; it keeps refunds on their side of zero. */
  readonly logged: boolean;
  /** A standardised feature is multiplied by it: how much it has to say. */
  readonly weight: number;
};

/** A feature with the scale it was standardised by; kept with the model. */
export type ScaledFeature = FeatureUse & { readonly mean: number; readonly deviation: number };

export type DroppedFeature = { readonly name: string; readonly because: 'all users have the same value' | 'too few users have one' };

/** Users as points in the space of the features: `dimensions` numbers each, one user after the other. */
export type Points = { readonly count: number; readonly dimensions: number; readonly values: Float64Array };

/** Below this a deviation is rounding, and dividing by it would blow rounding up. */
const LEAST_DEVIATION = 1e-9;

/** The scale of each feature over a sample. What does not vary is dropped, and said. */
export function fitScales(
  columns: FeatureColumns,
  uses: readonly FeatureUse[],
): { readonly features: readonly ScaledFeature[]; readonly dropped: readonly DroppedFeature[] } {
  const scaled = uses.map((use) => ({ ...use, ...momentsOf(columnOf(columns, use.name), use) }));
  const varies = ({ deviation }: ScaledFeature) => deviation > LEAST_DEVIATION;
  const isKnown = ({ name }: ScaledFeature) => columnOf(columns, name).some(Number.isFinite);
  return {
    features: scaled.filter(varies),
    dropped: scaled
      .filter((feature) => !varies(feature))
      .map((feature) => ({
        name: feature.name,
        because: isKnown(feature) ? 'all users have the same value' : 'too few users have one',
      })),
  };
}

/** Users whose `present` is 0 become points too, which nobody should look at. A missing value is the mean. */
export function pointsOf(columns: FeatureColumns, count: number, features: readonly ScaledFeature[]): Points {
  const dimensions = features.length;
  const values = new Float64Array(count * dimensions);
  features.forEach((feature, dimension) => {
    const column = columnOf(columns, feature.name);
    for (let i = 0; i < count; i++) {
      const z = ((transform(column[i] ?? Number.NaN, feature) - feature.mean) / feature.deviation) * feature.weight;
      values[i * dimensions + dimension] = Number.isFinite(z) ? z : 0;
    }
  });
  return { count, dimensions, values };
}

export function transform(value: number, { unit, logged }: Pick<FeatureUse, 'unit' | 'logged'>): number {
  const x = value / unit;
  return logged ? Math.sign(x) * Math.log1p(Math.abs(x)) : x;
}

/** The rows of `points` at the given positions. */
export function takePoints({ dimensions, values }: Points, positions: readonly number[]): Points {
  const taken = new Float64Array(positions.length * dimensions);
  positions.forEach((from, to) => taken.set(values.subarray(from * dimensions, (from + 1) * dimensions), to * dimensions));
  return { count: positions.length, dimensions, values: taken };
}

function momentsOf(column: Float64Array, use: FeatureUse): { mean: number; deviation: number } {
  let known = 0;
  let sum = 0;
  for (const value of column) {
    if (!Number.isFinite(value)) continue;
    known++;
    sum += transform(value, use);
  }
  const mean = known === 0 ? 0 : sum / known;
  let squares = 0;
  for (const value of column) if (Number.isFinite(value)) squares += (transform(value, use) - mean) ** 2;
  return { mean, deviation: known === 0 ? 0 : Math.sqrt(squares / known) };
}

function columnOf(columns: FeatureColumns, name: string): Float64Array {
  const column = columns[name];
  if (!column) throw new Error(`the model asks for ${name}, which was not read`);
  return column;
}
