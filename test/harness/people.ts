import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../config.js';
import { parseTenantId } from '../../core/ids.js';
import { activityFields, decayed, type Activity, type ActivityField } from '../../core/segment/activity.js';
import { computeFeatures } from '../../core/segment/features.js';
import { behaviouralUses, type ModelQuestion } from '../../core/segment/model.js';
import type { FeatureColumns } from '../../core/segment/points.js';

/** Something that a person did, as far as it is counted. A refund has no points and a negative amount. */
export type Deed = { readonly ms: number; readonly points: number; readonly minor?: number };
export type Person = { readonly userId: string; readonly deeds: readonly Deed[] };

export const TENANT = parseTenantId('550e8400-e29b-41d4-a716-446655440000');
export const DAY_MS = 86_400_000;

const EDGES = [
  ['interactions0To15', 0, 15],
  ['interactions15To30', 15, 30],
  ['interactions30To45', 30, 45],
  ['interactions45To60', 45, 60],
  ['interactions60To90', 60, 90],
  ['interactions90To120', 90, 120],
  ['interactionsFrom120', 120, Number.POSITIVE_INFINITY],
] as const;

/** Counts people's deeds before `asOfMs` person by person, in the order that they are given. */
export function activityOf(people: readonly Person[], asOfMs: number): Activity {
  const seen = people
    .map(({ userId, deeds }) => ({ userId, deeds: deeds.filter(({ ms }) => ms < asOfMs) }))
    .filter(({ deeds }) => deeds.length > 0);
  const counts = seen.map(({ deeds }) => countsOf(deeds, asOfMs));
  const column = (field: ActivityField) => Float64Array.from(counts, (count) => count[field]);
  const columns = Object.fromEntries(activityFields.map((field) => [field, column(field)])) as Record<ActivityField, Float64Array>;
  return { userIds: seen.map(({ userId }) => userId), ...columns };
}

function countsOf(deeds: readonly Deed[], asOfMs: number): Record<ActivityField, number> {
  const aged = deeds.map((deed) => ({ ...deed, age: Math.floor((asOfMs - deed.ms) / DAY_MS), minor: deed.minor ?? 0 }));
  const sum = (of: (deed: (typeof aged)[number]) => number) => aged.reduce((total, deed) => total + of(deed), 0);
  const firstMs = Math.min(...aged.map(({ ms }) => ms));
  const lastOf = (list: typeof aged) => Math.max(...list.filter(({ points }) => points > 0).map(({ ms }) => ms), firstMs);
  const old = aged.filter(({ age }) => age >= 30);
  const interactions = Object.fromEntries(
    EDGES.map(([field, from, to]) => [field, sum(({ age, points }) => (points > 0 && age >= from && age < to ? 1 : 0))]),
  ) as Record<(typeof EDGES)[number][0], number>;
  return {
    ...interactions,
    firstMs,
    lastMs: lastOf(aged),
    lastMsBefore: lastOf(old),
    points: sum(({ points }) => points),
    pointsBefore: sum(({ points, age }) => (age >= 30 ? points : 0)),
    decayedPoints: sum(({ points, age }) => decayed(points, age)),
    decayedPointsBefore: sum(({ points, age }) => (age >= 30 ? decayed(points, age - 30) : 0)),
    spentMinor: sum(({ minor }) => minor),
    spentMinor0To30: sum(({ minor, age }) => (age < 30 ? minor : 0)),
    spentMinor30To60: sum(({ minor, age }) => (age >= 30 && age < 60 ? minor : 0)),
    paidMinor: sum(({ minor }) => Math.max(0, minor)),
    orders: sum(({ minor }) => (minor > 0 ? 1 : 0)),
    foreignAmounts: 0,
    goals0To30: sum(({ minor, age }) => (minor > 0 && age < 30 ? 1 : 0)),
  };
}

/** What a walk asks the model about these people. */
export function questionOf(people: readonly Person[], asOfMs: number, given: Partial<ModelQuestion> = {}): ModelQuestion {
  const activity = activityOf(people, asOfMs);
  const { users, columns } = columnsOf(activity, asOfMs);
  const monetary = activity.orders.some((orders) => orders > 0) ? 'spend' : 'engagement value';
  return {
    tenantId: TENANT,
    users,
    sampledUsers: users,
    columns,
    monetary,
    uses: behaviouralUses(monetary, 2),
    leftOut: [],
    ...given,
  };
}

export function columnsOf(activity: Activity, asOfMs: number): { readonly users: number; readonly columns: FeatureColumns } {
  const { users, present: _present, ...columns } = computeFeatures(activity, asOfMs, 'asOf');
  return { users, columns };
}

/** The people of CDNOW and their purchases, each at noon of its day; 6,919 of 69,659 if every tenth person is enough. */
export function cdnowPeople(everyNth = 1): Person[] {
  const lines = readFileSync(join(projectRoot, 'sandbox/data/cdnow/CDNOW_master.txt'), 'latin1').split(/\r?\n/).slice(1);
  const deeds = new Map<string, Deed[]>();
  for (const line of lines) {
    const [userId = '', day = '', , dollars = ''] = line.trim().split(/\s+/);
    if (userId === '' || Number(userId) % everyNth !== 0) continue;
    const ms = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)), 12);
    const own = deeds.get(userId) ?? deeds.set(userId, []).get(userId);
    own?.push({ ms, points: 10, minor: Math.round(Number(dollars) * 100) });
  }
  return [...deeds].map(([userId, own]) => ({ userId, deeds: own }));
}
