import type { Baseline } from '../experiment/design.js';
import type { MetricKind } from '../experiment/metric.js';

/** What users did without a test: how many, and the sum and the sum of squares of what each did. */
export type MeasuredBaseline = {
  readonly metric: MetricKind;
  readonly subject: string;
  readonly windowHours: number;
  readonly users: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly measuredFrom: Date;
  readonly measuredTo: Date;
};

/** The windows in which walks measure goals and revenue; a test with another window starts from the next longer one. */
export const baselineWindowHours = [24, 72, 168, 336, 720] as const;

const DAY_MS = 86_400_000;

/** The baseline of a test from what was measured, with its source and its age; null where it shows nothing to start from. */
export function baselineFrom(measured: MeasuredBaseline, now: Date): Baseline | null {
  const { users, sum, sumOfSquares, metric } = measured;
  const mean = sum / users;
  const known = { source: sourceOf(measured), ageDays: Math.max(0, Math.floor((now.getTime() - measured.measuredTo.getTime()) / DAY_MS)) };
  if (metric !== 'revenue_per_user' && metric !== 'engagement_time') {
    return mean > 0 && mean < 1 ? { kind: 'rate', rate: mean, ...known } : null;
  }
  const variance = users > 1 ? (sumOfSquares - users * mean * mean) / (users - 1) : 0;
  return mean !== 0 && variance > 0 ? { kind: 'mean', mean, deviation: Math.sqrt(variance), ...known } : null;
}

function sourceOf({ metric, subject, windowHours, users, measuredFrom, measuredTo }: MeasuredBaseline): string {
  const period = `${day(measuredFrom)} to ${day(measuredTo)}`;
  const who = windowHours === 0 ? `${users} messages` : `${users} users, in ${windowHours} hours`;
  return `${metric} of ${subject}: ${who}, ${period}`;
}

const day = (moment: Date): string => moment.toISOString().slice(0, 10);
