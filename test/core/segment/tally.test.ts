import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { activityFields, type Activity, type ActivityField } from '../../../core/segment/activity.js';
import { computeFeatures } from '../../../core/segment/features.js';
import type { Memberships } from '../../../core/segment/membership.js';
import { addTallies, emptyTally, sumNames, tallySegments } from '../../../core/segment/tally.js';
import { activityOf, DAY_MS, type Person } from '../../harness/people.js';

const AS_OF = Date.UTC(2025, 11, 28, 7);
const SEGMENTS = 3;

const deed = fc.record({
  ms: fc.integer({ min: AS_OF - 400 * DAY_MS, max: AS_OF - 1 }),
  points: fc.constantFrom(0, 1, 2, 10),
  minor: fc.integer({ min: -100_000, max: 1_000_000 }),
});
type Placed = { readonly person: Person; readonly now: number; readonly before: number };
const placed: fc.Arbitrary<Placed[]> = fc
  .array(fc.record({ deeds: fc.array(deed, { minLength: 1, maxLength: 6 }), now: fc.nat(2), before: fc.nat(2) }), { maxLength: 25 })
  .map((list) => list.map(({ deeds, now, before }, i) => ({ person: { userId: `u${i}`, deeds }, now, before })));

function tallyOf(list: readonly Placed[]) {
  const activity: Activity = activityOf(
    list.map(({ person }) => person),
    AS_OF,
  );
  const features = computeFeatures(activity, AS_OF, 'asOf');
  const { present } = computeFeatures(activity, AS_OF, 'before');
  const memberships = (segments: readonly number[]): Memberships => ({
    segment: Int8Array.from(segments),
    confidence: new Int32Array(list.length),
  });
  const now = memberships(list.map((one) => one.now));
  const before = memberships(list.map((one, i) => (present[i] ? one.before : -1)));
  return tallySegments({ activity, features, now, before }, SEGMENTS);
}

describe('the tally of a segment', () => {
  it('is the same over any split into buckets, in any order', () => {
    fc.assert(
      fc.property(placed, fc.infiniteStream(fc.nat(4)), fc.boolean(), (list, bucketOf, isReversed) => {
        const buckets: Placed[][] = [[], [], [], [], []];
        for (const one of list) buckets[bucketOf.next().value ?? 0]?.push(one);
        if (isReversed) buckets.reverse();
        assert.deepEqual(addTallies(buckets.map(tallyOf), SEGMENTS), addTallies([tallyOf(list)], SEGMENTS));
      }),
      { numRuns: 150 },
    );
  });

  it('is in whole numbers, counts everybody once, and says where people went', () => {
    fc.assert(
      fc.property(placed, (list) => {
        const tallies = tallyOf(list);
        for (const { sums, movedTo } of tallies) {
          for (const name of sumNames) assert.ok(Number.isSafeInteger(sums[name]), name);
          assert.equal(
            movedTo.reduce((sum, users) => sum + users, 0),
            sums.usersBefore,
          );
        }
        assert.equal(
          tallies.reduce((sum, { sums }) => sum + sums.users, 0),
          list.length,
        );
      }),
    );
  });

  it('adds up what is told of each, by hand for two people of whom one moved', () => {
    const days = (ago: number) => AS_OF - ago * DAY_MS;
    const mover: Person = {
      userId: 'a',
      deeds: [
        { ms: days(100), points: 10, minor: 5_000 },
        { ms: days(2), points: 10, minor: 700 },
      ],
    };
    const novice: Person = {
      userId: 'b',
      deeds: [
        { ms: days(10), points: 2 },
        { ms: days(5), points: 0, minor: -300 },
      ],
    };
    const [first, second] = tallyOf([
      { person: mover, now: 0, before: 1 },
      { person: novice, now: 0, before: 2 },
    ]);
    assert.deepEqual(
      { ...first?.sums },
      {
        ...emptyTally(SEGMENTS).sums,
        users: 2,
        recencySeconds: 12 * 86_400,
        tenureSeconds: 110 * 86_400,
        frequency30d: 2,
        frequency: 3,
        points: 22,
        // Of the mover: late are 30 of 100 days, expected 0.6 of 2 interactions, so 0.4 / 2.6 = 0.153846; the novice came within 30 days
        trendMillionths: 153_846,
        // 10 points of 2 days ago and 10 of 100 days ago (an eighth, less 10/60 of it), and 2 of 10 days ago: 100 p / (p + 20)
        scoreMillionths:
          Math.round((1e8 * (10 * (58 / 60) + (10 / 8) * (50 / 60))) / (10 * (58 / 60) + (10 / 8) * (50 / 60) + 20)) + 7_692_308,
        spentMinor: 5_400,
        spentMinor0To30: 400,
        paidMinor: 5_700,
        orders: 2,
        interactions0To30: 2,
      },
    );
    assert.deepEqual(second, {
      sums: { ...emptyTally(SEGMENTS).sums, usersBefore: 1, convertedSince: 1, spentMinorSince: 700 },
      movedTo: [1, 0, 0],
    });
  });

  it('is empty of nobody', () => {
    const nobody = Object.fromEntries(activityFields.map((field) => [field, new Float64Array()])) as Record<ActivityField, Float64Array>;
    const none: Memberships = { segment: new Int8Array(), confidence: new Int32Array() };
    const activity: Activity = { userIds: [], ...nobody };
    const tallies = tallySegments({ activity, features: computeFeatures(activity, AS_OF, 'asOf'), now: none, before: none }, 2);
    assert.deepEqual(tallies, [emptyTally(2), emptyTally(2)]);
    assert.deepEqual(addTallies([], 2), [emptyTally(2), emptyTally(2)]);
  });
});
