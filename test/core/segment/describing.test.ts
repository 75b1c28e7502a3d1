import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeSegments, type Description, type SegmentAffinities } from '../../../core/segment/describing.js';
import { fitModel, type SegmentModel } from '../../../core/segment/model.js';
import { emptyTally, type SegmentTally, type SumName } from '../../../core/segment/tally.js';
import { questionOf } from '../../harness/people.js';

const AS_OF = Date.parse('2025-12-28T07:00:00Z');
const model: SegmentModel = {
  ...fitModel(questionOf([], 0)),
  type: 'behavioral',
  monetary: 'spend',
  k: 2,
  segments: [
    { key: 'seg_a', name: 'Champions', archetype: 'champions', centre: [-1] },
    { key: 'seg_b', name: 'Lost', archetype: 'lost', centre: [1] },
  ],
};
const tally = (sums: Partial<Record<SumName, number>>, movedTo: number[] = [0, 0]): SegmentTally => ({
  sums: { ...emptyTally(2).sums, ...sums },
  movedTo,
});
const nothing: SegmentAffinities = { categories: [], channels: [] };

const champions = tally(
  {
    users: 4,
    recencySeconds: 4 * 86_400,
    frequency30d: 10,
    frequency: 30,
    points: 300,
    tenureSeconds: 400 * 86_400,
    trendMillionths: 400_000,
    scoreMillionths: 200_000_000,
    spentMinor: 40_000,
    spentMinor0To30: 9_000,
    spentMinor30To60: 6_000,
    paidMinor: 42_000,
    orders: 9,
    interactions0To30: 10,
    interactions30To60: 8,
    usersBefore: 5,
    convertedSince: 3,
    spentMinorSince: 8_000,
  },
  [3, 2],
);
const lost = tally({ users: 6, recencySeconds: 6 * 200 * 86_400, frequency: 6, points: 60, spentMinor: 3_000 });

const describeBoth = (given: Partial<Description> = {}) =>
  describeSegments({
    model,
    asOfMs: AS_OF,
    currency: 'EUR',
    hasGoal: true,
    tallies: [champions, lost],
    affinities: [nothing, nothing],
    ...given,
  });

describe('the statistics of a segment', () => {
  it('are sums over its members by their number, in the units of the tenant', () => {
    const [first] = describeBoth();
    assert.ok(first);
    const { traits: _traits, strategy: _strategy, ...figures } = first;
    assert.deepEqual(figures, {
      asOf: '2025-12-28T07:00:00.000Z',
      currency: 'EUR',
      archetype: 'champions',
      users: 4,
      share: 0.4,
      avgRecencyDays: 1,
      avgFrequency30d: 2.5,
      avgFrequency: 7.5,
      avgMonetaryMinor: 10_000,
      avgOrderValueMinor: 4_666.6667,
      avgEngagementValue: 75,
      avgTenureDays: 100,
      avgTrend: 0.1,
      avgEngagementScore: 50,
      engagement: { last30Days: 10, previous30Days: 8 },
      spendMinor: { last30Days: 9_000, previous30Days: 6_000, total: 40_000 },
      growth: { asOf: '2025-11-28T07:00:00.000Z', usersBefore: 5, rate: -0.2 },
      cohort: { users: 5, converted: 3, spentMinor: 8_000, movedTo: { seg_a: 3, seg_b: 2 } },
    });
  });

  it('are in words what members are like beside everybody', () => {
    const [first, second] = describeBoth();
    // 36 interactions and 43,000 of ten people: 3.6 and 4,300 each
    assert.deepEqual(first?.traits, [
      'last active a day ago on average',
      '2.1 times the average interactions',
      '2.3 times the average spend',
      'more active of late than in their own past',
    ]);
    assert.deepEqual(second?.traits, [
      'last active 200 days ago on average',
      '28 % of the average interactions',
      '12 % of the average spend',
      'as active of late as in their own past',
    ]);
    assert.equal(second?.strategy, 'Re-engagement campaigns, surveys');
  });

  it('have no growth rate where nobody was there before, and no growth where nobody at all was', () => {
    const [, second] = describeBoth();
    assert.deepEqual(second?.growth, { asOf: '2025-11-28T07:00:00.000Z', usersBefore: 0 });
    assert.equal(second?.cohort, undefined);
    assert.equal(describeBoth({ tallies: [lost, lost] })[0]?.growth, undefined);
  });

  it('have no money where the tenant has no revenue, no conversion without a goal, and no order value without orders', () => {
    const [first, second] = describeBoth({ model: { ...model, monetary: 'engagement value' }, hasGoal: false });
    assert.deepEqual(
      [first?.avgMonetaryMinor, first?.spendMinor, first?.cohort],
      [undefined, undefined, { users: 5, movedTo: { seg_a: 3, seg_b: 2 } }],
    );
    assert.equal(second?.avgOrderValueMinor, undefined);
  });

  it('say nothing of spend against the average where refunds exceed all spend', () => {
    const [first] = describeBoth({ tallies: [tally({ users: 1, spentMinor: -50 }), tally({ users: 1, spentMinor: 10 })] });
    assert.deepEqual(first?.traits, ['last active 0 days ago on average', 'as active of late as in their own past']);
    assert.equal(first?.avgMonetaryMinor, -50);
  });

  it('are none for a segment without members', () => {
    assert.equal(describeBoth({ tallies: [champions, emptyTally(2)] })[1], undefined);
    assert.deepEqual(describeBoth({ model: { ...model, segments: [] }, tallies: [] }), []);
  });

  it('name the five most frequent categories by their share, and channels of which thirty members had a message', () => {
    const categories = ['f', 'e', 'd', 'c', 'b', 'a'].map((name, i) => ({ name, interactions: i < 2 ? 5 : 10 }));
    const channels = [
      { name: 'sms', users: 29, delivered: 100, engaged: 50 },
      { name: 'email', users: 30, delivered: 200, engaged: 50 },
    ];
    const [first, second] = describeBoth({ affinities: [{ categories, channels }, nothing] });
    assert.deepEqual(first?.topInterests, [
      { category: 'a', share: 0.2 },
      { category: 'b', share: 0.2 },
      { category: 'c', share: 0.2 },
      { category: 'd', share: 0.2 },
      { category: 'e', share: 0.1 },
    ]);
    assert.deepEqual(first?.channelRates, { email: { users: 30, delivered: 200, engaged: 50, rate: 0.25 } });
    assert.deepEqual([second?.topInterests, second?.channelRates], [undefined, undefined]);
  });
});
