import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { activityFields, DECAY_UNIT, decayed, type Activity, type ActivityField } from '../../../core/segment/activity.js';
import { computeFeatures, featureNames, momentMs, type FeatureName, type Moment } from '../../../core/segment/features.js';

const DAY_MS = 86_400_000;
const AS_OF_MS = Date.parse('2025-12-28T08:00:00Z');

type Person = Partial<Record<ActivityField, number>>;

/** An activity of so many people; what is not said of one is 0, and everybody came 100 days ago. */
function activityOf(...people: readonly Person[]): Activity {
  const then = AS_OF_MS - 100 * DAY_MS;
  const all = people.map((person) => ({ firstMs: then, lastMs: then, lastMsBefore: then, ...person }));
  const column = (field: ActivityField) => Float64Array.from(all, (person: Person) => person[field] ?? 0);
  const columns = Object.fromEntries(activityFields.map((field) => [field, column(field)])) as Record<ActivityField, Float64Array>;
  return { userIds: all.map((_, i) => `user ${i}`), ...columns };
}

function featuresOf(person: Person, moment: Moment = 'asOf'): Record<FeatureName, number> & { readonly present: number } {
  const features = computeFeatures(activityOf(person), AS_OF_MS, moment);
  const named = featureNames.map((name) => [name, features[name][0] ?? Number.NaN]);
  return { ...(Object.fromEntries(named) as Record<FeatureName, number>), present: features.present[0] ?? Number.NaN };
}

describe('the features of a user', () => {
  it('of whom everything is known can be worked out by hand', () => {
    // Came 200 days ago, last did something 36 hours ago; 12 interactions, 3 of them in the last 30 days, 5 in the last 90.
    const known = featuresOf({
      firstMs: AS_OF_MS - 200 * DAY_MS,
      lastMs: AS_OF_MS - 1.5 * DAY_MS,
      interactions0To15: 2,
      interactions15To30: 1,
      interactions60To90: 2,
      interactionsFrom120: 7,
      points: 61,
      decayedPoints: 20 * DECAY_UNIT,
      spentMinor: -250,
    });
    assert.deepEqual(known, {
      present: 1,
      recencyDays: 1.5,
      frequency30d: 3,
      frequency: 12,
      monetaryMinor: -250,
      engagementValue: 61,
      tenureDays: 200,
      trend: (5 - 5.4) / (5 + 5.4 + 1), // 5 in the last 90 days where 12 × 90 / 200 = 5.4 were to be expected
      engagementScore: 50, // two purchases of today
    });
  });

  it('as of 30 days before leave out the last 30 days', () => {
    const before = featuresOf(
      {
        firstMs: AS_OF_MS - 90 * DAY_MS,
        lastMs: AS_OF_MS - DAY_MS,
        lastMsBefore: AS_OF_MS - 40 * DAY_MS,
        interactions0To15: 9,
        interactions30To45: 1,
        interactions45To60: 2,
        interactions60To90: 4,
        points: 90,
        pointsBefore: 30,
        spentMinor: 5_000,
        spentMinor0To30: 3_000,
        decayedPoints: 99 * DECAY_UNIT,
        decayedPointsBefore: 5 * DECAY_UNIT,
      },
      'before',
    );
    assert.deepEqual(before, {
      present: 1,
      recencyDays: 10,
      frequency30d: 3,
      frequency: 7,
      monetaryMinor: 2_000,
      engagementValue: 30,
      tenureDays: 60,
      trend: (3 - 3.5) / (3 + 3.5 + 1), // 3 in the last 30 of 60 days, of 7 in all
      engagementScore: 20,
    });
  });

  it('who was not there yet are zeros, and say so', () => {
    for (const firstMs of [AS_OF_MS - 30 * DAY_MS, AS_OF_MS - DAY_MS]) {
      const before = featuresOf({ firstMs, lastMs: firstMs, interactions0To15: 3, points: 5 }, 'before');
      assert.ok(Object.values(before).every((value) => value === 0));
    }
    assert.equal(featuresOf({ firstMs: AS_OF_MS - 30 * DAY_MS - 1 }, 'before').present, 1);
    assert.equal(featuresOf({ firstMs: AS_OF_MS }).present, 0);
  });

  it('has no trend before it has been there for 30 days, whatever it did', () => {
    assert.equal(featuresOf({ firstMs: AS_OF_MS - 29.9 * DAY_MS, interactions0To15: 500 }).trend, 0);
    assert.equal(featuresOf({ firstMs: AS_OF_MS - 30 * DAY_MS, interactions0To15: 4 }).trend, (4 - 2) / (4 + 2 + 1));
  });

  it('grows when late interactions exceed what its own past lets expect, and shrinks when they stop', () => {
    const days = (tenure: number) => ({ firstMs: AS_OF_MS - tenure * DAY_MS });
    assert.equal(featuresOf({ ...days(60), interactions0To15: 2, interactions30To45: 2 }).trend, 0, 'as many late as early');
    assert.equal(featuresOf({ ...days(60), interactions0To15: 4 }).trend, (4 - 2) / (4 + 2 + 1));
    assert.equal(featuresOf({ ...days(120), interactions90To120: 6 }).trend, (0 - 3) / (0 + 3 + 1));
    assert.equal(featuresOf({ ...days(400), interactionsFrom120: 40 }).trend, (0 - 9) / (0 + 9 + 1));
  });

  it('stays within its bounds, and is nobody else’s', () => {
    const count = fc.nat(100_000);
    const person = fc.record({
      firstMs: fc.integer({ min: AS_OF_MS - 3_000 * DAY_MS, max: AS_OF_MS - 1 }),
      interactions0To15: count,
      interactions15To30: count,
      interactions30To45: count,
      interactions90To120: count,
      interactionsFrom120: count,
      decayedPoints: fc.nat(1e6).map((points) => points * DECAY_UNIT),
    });
    fc.assert(
      fc.property(person, person, (one, other) => {
        const alone = featuresOf({ ...one, lastMs: one.firstMs });
        assert.ok(alone.trend > -1 && alone.trend < 1);
        assert.ok(alone.engagementScore >= 0 && alone.engagementScore < 100);
        assert.ok(alone.recencyDays >= 0 && alone.frequency >= alone.frequency30d);
        const both = computeFeatures(activityOf({ ...other, lastMs: other.firstMs }, { ...one, lastMs: one.firstMs }), AS_OF_MS, 'asOf');
        for (const name of featureNames) assert.equal(both[name][1], alone[name], name);
      }),
    );
  });
});

describe('a point', () => {
  it('is worth all today, half after 30 days, three quarters in between, and never less than nothing', () => {
    assert.deepEqual(
      [0, 15, 30, 45, 60, 90].map((age) => decayed(1, age) / DECAY_UNIT),
      [1, 0.75, 0.5, 0.375, 0.25, 0.125],
    );
    assert.equal(decayed(10, 0), 10 * DECAY_UNIT);
    assert.equal(decayed(10, 100_000), 0);
    for (let age = 1; age < 2_000; age++) assert.ok(decayed(7, age) <= decayed(7, age - 1), `${age} days`);
  });
});

it('30 days before is 30 times 24 hours before', () => {
  assert.equal(momentMs(AS_OF_MS, 'asOf'), AS_OF_MS);
  assert.equal(momentMs(AS_OF_MS, 'before'), AS_OF_MS - 30 * DAY_MS);
});
