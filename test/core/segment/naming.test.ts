import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { archetypeNames, nameClusters, strategies, type ClusterProfile, type Position } from '../../../core/segment/naming.js';
import { archetypes, type Archetype } from '../../../core/segment/statistics.js';

const profile = (
  [recency, frequency, monetary, trend]: readonly [number, number, number, number],
  given: Partial<ClusterProfile> = {},
): ClusterProfile => ({
  position: { recency, frequency, monetary, trend },
  avgTrend: trend / 4,
  avgFrequency30d: recency > 0 ? 0.1 : 2,
  ...given,
});
const namesOf = (profiles: readonly ClusterProfile[]) => nameClusters(profiles).map(({ name }) => name);

const champions = profile([-1.2, 1.8, 1.7, 0.6]);
const loyal = profile([-0.8, 0.8, 0.5, 0.2]);
const potential = profile([-0.6, -0.2, -0.2, 1.4]);
const atRisk = profile([0.4, 0.2, 0.2, -1.6]);
const lost = profile([1.3, -0.8, -0.7, 0]);
const five = [champions, loyal, potential, atRisk, lost];

/** Anything that a cluster can be like. */
const anyProfile = fc
  .record({
    position: fc.record({
      recency: fc.double({ min: -3, max: 3, noNaN: true }),
      frequency: fc.double({ min: -3, max: 3, noNaN: true }),
      monetary: fc.double({ min: -3, max: 3, noNaN: true }),
      trend: fc.double({ min: -3, max: 3, noNaN: true }),
    }),
    avgTrend: fc.double({ min: -1, max: 1, noNaN: true }),
    avgFrequency30d: fc.double({ min: 0, max: 20, noNaN: true }),
  })
  .map((cluster): ClusterProfile => cluster);
const anyProfiles = fc.array(anyProfile, { minLength: 1, maxLength: 10 });

/** What docs/segmentation.md says that a name promises. */
const promises: Readonly<Record<Archetype, (cluster: ClusterProfile) => boolean>> = {
  champions: ({ position: p }) => p.frequency > 0 && p.monetary > 0 && p.recency < 0,
  loyal_customers: ({ position: p }) => p.frequency > 0 && p.recency < 0,
  potential_loyalists: ({ avgTrend }) => avgTrend >= -0.1,
  at_risk: ({ avgTrend }) => avgTrend < -0.1,
  lost: ({ position: p, avgFrequency30d }) => p.recency > 0 && avgFrequency30d < 0.5,
};

describe("a segment's name", () => {
  it("is one of the document's five for five clusters that are as the document says", () => {
    assert.deepEqual(namesOf(five), ['Champions', 'Loyal Customers', 'Potential Loyalists', 'At Risk', 'Lost']);
  });

  it('goes with the cluster, in whatever order clusters come', () => {
    const names = new Map(five.map((cluster, i) => [cluster, namesOf(five)[i]]));
    fc.assert(
      fc.property(fc.shuffledSubarray(five, { minLength: 5 }), (shuffled) => {
        assert.deepEqual(
          namesOf(shuffled),
          shuffled.map((cluster) => names.get(cluster)),
        );
      }),
    );
  });

  it('is kept by what it promises, whatever the other clusters are like', () => {
    fc.assert(
      fc.property(anyProfiles, (clusters) => {
        nameClusters(clusters).forEach(({ archetype }, i) => assert.ok(promises[archetype](clusters[i] ?? champions), archetype));
      }),
      { numRuns: 300 },
    );
  });

  it('is kept by what it promises even where ten clusters are all in decline', () => {
    const declining = Array.from({ length: 10 }, (_, i) =>
      profile([-1 + i / 5, -1 - i / 10, -1, 0.5], { avgTrend: -0.5, avgFrequency30d: 3 }),
    );
    assert.deepEqual(new Set(nameClusters(declining).map(({ archetype }) => archetype)), new Set(['at_risk']));
  });

  it('differs from every other, and one cluster of each kind has the plain name', () => {
    fc.assert(
      fc.property(anyProfiles, (clusters) => {
        const names = nameClusters(clusters);
        assert.equal(new Set(names.map(({ name }) => name)).size, clusters.length);
        for (const archetype of archetypes) {
          const own = names.filter((name) => name.archetype === archetype).map(({ name }) => name);
          assert.equal(own.filter((name) => name === archetypeNames[archetype]).length, own.length > 0 ? 1 : 0);
          assert.ok(own.every((name) => name.startsWith(archetypeNames[archetype])));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('says of a second cluster of a kind how it differs most', () => {
    const cheap = profile([1.3, -0.8, -1.9, 0]);
    const names = namesOf([...five.slice(0, 4), lost, cheap]);
    assert.deepEqual(new Set(names.slice(4)), new Set(['Lost', 'Lost – higher value']));
  });

  it('says nothing of a difference that is not there', () => {
    const same = profile([0.5, -0.5, -0.5, 0], { avgTrend: -0.5, avgFrequency30d: 1 });
    assert.deepEqual(new Set(namesOf([same, same, same])), new Set(['At Risk', 'At Risk – group 2', 'At Risk – group 3']));
  });

  it('stays what it was in the last walk where another fits hardly better', () => {
    fc.assert(
      fc.property(anyProfiles, fc.double({ min: 0, max: 0.01, noNaN: true }), (clusters, shift) => {
        const before = nameClusters(clusters);
        const moved = clusters.map((cluster, i): ClusterProfile => {
          const position: Position = { ...cluster.position, trend: cluster.position.trend + (i % 2 === 0 ? shift : -shift) };
          return { ...cluster, position, last: before[i] ?? { archetype: 'lost', name: 'Lost' } };
        });
        const kept = nameClusters(moved).filter(({ archetype }, i) => archetype === before[i]?.archetype);
        // Places are relative to the least and most of a trend, so clusters that hardly differ in it may still change
        const trends = clusters.map(({ position }) => position.trend);
        if (Math.max(...trends) - Math.min(...trends) > 1) assert.equal(kept.length, clusters.length);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its qualifier while it is true, and the plain name stays where it was', () => {
    const cheap = profile([1.3, -0.8, -1.9, 0]);
    const last = [...five.slice(0, 4), lost, cheap].map((cluster, i) => ({ ...cluster, last: nameClusters([...five, cheap])[i] }));
    const swapped = last.map(({ last: _last, ...cluster }, i): ClusterProfile => {
      if (i === 4) return { ...cluster, last: { archetype: 'lost', name: 'Lost' } };
      if (i === 5) return { ...cluster, last: { archetype: 'lost', name: 'Lost – lower value' } };
      return cluster;
    });
    assert.deepEqual(namesOf(swapped).slice(4), ['Lost', 'Lost – lower value']);
    const untrue = swapped.map((cluster, i) =>
      i === 5 ? { ...cluster, last: { archetype: 'lost' as const, name: 'Lost – higher value' } } : cluster,
    );
    assert.deepEqual(namesOf(untrue).slice(4), ['Lost', 'Lost – lower value']);
  });

  it("comes with the document's strategy", () => {
    assert.equal(strategies.champions, 'VIP treatment, early access, exclusive offers');
    assert.deepEqual(Object.keys(strategies), [...archetypes]);
  });
});
