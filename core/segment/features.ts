import { DECAY_UNIT, type Activity } from './activity.js';
import { PERIOD_DAYS } from './statistics.js';

const DAY_MS = 86_400_000;
/** Decayed points that make an engagement score of 50: two purchases of today. */
const HALF_SCORE_POINTS = 20;

/** One number about a user as of a moment; docs/segmentation.md has them as a table. */
export const featureNames = [
  /** Days since the last interaction; since the first event, for those who never interacted. */
  'recencyDays',
  /** Interactions in the last 30 days. */
  'frequency30d',
  /** Interactions in all. */
  'frequency',
  /** Spend in minor units of the tenant's currency, net of refunds; may be negative. */
  'monetaryMinor',
  /** Engagement points in all: what stands for monetary where a tenant has no revenue at all. */
  'engagementValue',
  /** Days since the first event. */
  'tenureDays',
  /**
   * -1 to 1: interactions of late against what the user's own past would let expect, (late - expected) / (late + expected + 1).
   * Late is half the tenure, in steps of 15, 30, 60 and at most 90 days; expected = frequency × late days / tenure.
   * Below 30 days of tenure it is 0: a level cannot say "growing", and neither can a week.
   */
  'trend',
  /** 0 to 100: decayed points p as 100 p / (p + 20). */
  'engagementScore',
] as const;
export type FeatureName = (typeof featureNames)[number];

/** Users by position, as in the activity that it was made from. A user who was not there yet has `present` 0, and zeros. */
export type Features = { readonly users: number; readonly present: Uint8Array } & Readonly<Record<FeatureName, Float64Array>>;

export type Moment = 'asOf' | 'before';

export function momentMs(asOfMs: number, moment: Moment): number {
  return moment === 'asOf' ? asOfMs : asOfMs - PERIOD_DAYS * DAY_MS;
}

/** The features of everyone in `activity`, as of `asOfMs` or of 30 days before. Pure, user by user: no user changes another's. */
export function computeFeatures(activity: Activity, asOfMs: number, moment: Moment): Features {
  const users = activity.userIds.length;
  const nowMs = momentMs(asOfMs, moment);
  const column = () => new Float64Array(users);
  const features = {
    users,
    present: new Uint8Array(users),
    recencyDays: column(),
    frequency30d: column(),
    frequency: column(),
    monetaryMinor: column(),
    engagementValue: column(),
    tenureDays: column(),
    trend: column(),
    engagementScore: column(),
  };
  for (let i = 0; i < users; i++) {
    if (at(activity.firstMs, i) >= nowMs) continue;
    const user = moment === 'asOf' ? readAsOf(activity, i) : readBefore(activity, i);
    const tenureDays = (nowMs - at(activity.firstMs, i)) / DAY_MS;
    const points = user.decayedPoints / DECAY_UNIT;
    features.present[i] = 1;
    features.recencyDays[i] = (nowMs - user.lastMs) / DAY_MS;
    features.frequency30d[i] = user.in30;
    features.frequency[i] = user.frequency;
    features.monetaryMinor[i] = user.spentMinor;
    features.engagementValue[i] = user.points;
    features.tenureDays[i] = tenureDays;
    features.trend[i] = trendOf(user, tenureDays);
    features.engagementScore[i] = (100 * points) / (points + HALF_SCORE_POINTS);
  }
  return features;
}

/** Interactions in the last 15, 30, 60 and 90 days and in all. */
type Counts = { readonly in15: number; readonly in30: number; readonly in60: number; readonly in90: number; readonly frequency: number };
type Totals = Counts & { readonly lastMs: number; readonly points: number; readonly decayedPoints: number; readonly spentMinor: number };

function readAsOf(a: Activity, i: number): Totals {
  const in15 = at(a.interactions0To15, i);
  const in30 = in15 + at(a.interactions15To30, i);
  const in60 = in30 + at(a.interactions30To45, i) + at(a.interactions45To60, i);
  const in90 = in60 + at(a.interactions60To90, i);
  return {
    in15,
    in30,
    in60,
    in90,
    frequency: in90 + at(a.interactions90To120, i) + at(a.interactionsFrom120, i),
    lastMs: at(a.lastMs, i),
    points: at(a.points, i),
    decayedPoints: at(a.decayedPoints, i),
    spentMinor: at(a.spentMinor, i),
  };
}

function readBefore(a: Activity, i: number): Totals {
  const in15 = at(a.interactions30To45, i);
  const in30 = in15 + at(a.interactions45To60, i);
  const in60 = in30 + at(a.interactions60To90, i);
  const in90 = in60 + at(a.interactions90To120, i);
  return {
    in15,
    in30,
    in60,
    in90,
    frequency: in90 + at(a.interactionsFrom120, i),
    lastMs: at(a.lastMsBefore, i),
    points: at(a.pointsBefore, i),
    decayedPoints: at(a.decayedPointsBefore, i),
    spentMinor: at(a.spentMinor, i) - at(a.spentMinor0To30, i),
  };
}

function trendOf(user: Counts, tenureDays: number): number {
  if (tenureDays < 30) return 0;
  const [lateDays, late] = lateOf(user, tenureDays / 2);
  const expected = (user.frequency * lateDays) / tenureDays;
  return (late - expected) / (late + expected + 1);
}

function lateOf(user: Counts, mostDays: number): readonly [days: number, interactions: number] {
  if (mostDays >= 90) return [90, user.in90];
  if (mostDays >= 60) return [60, user.in60];
  if (mostDays >= 30) return [30, user.in30];
  return [15, user.in15];
}

/** The value of a column that is as long as the activity. */
function at(column: Float64Array, i: number): number {
  return column[i] ?? 0;
}
