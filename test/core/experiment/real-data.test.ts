import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { ArmCounts } from '../../../core/experiment/counts.js';
import { documentAnswer } from '../../../core/experiment/answer.js';
import { takeLook } from '../../../core/experiment/look.js';
import { sharedData } from '../../harness/shared-data.js';
import { near, nearRelative } from '../stats/nearness.js';
import { armCounts, factsOn, judged } from './samples.js';

/** What the engine says of two real experiments, against an arithmetic of this file that shares no code with it. */
const Z = 1.959963984540054;
const Z_OF_TWO = 2.241402727604947; // qnorm(1 - 0.05 / 4) in R: two comparisons share 5 %

/** The standard normal upper tail by Simpson's rule. */
function upperTail(z: number): number {
  const [steps, width] = [4000, 12];
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  let sum = 0;
  for (let i = 0; i <= steps; i += 1) sum += density(z + (width * i) / steps) * (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2);
  return (sum * width) / steps / 3;
}

function wilson(successes: number, n: number, z: number): readonly [number, number] {
  // the roots of (p̂ - p)² = z² p (1 - p) / n
  const rate = successes / n;
  const [a, b, c] = [1 + (z * z) / n, -2 * rate - (z * z) / n, rate * rate];
  const root = Math.sqrt(b * b - 4 * a * c);
  return [(-b - root) / (2 * a), (-b + root) / (2 * a)];
}

function newcombe(control: readonly [number, number], other: readonly [number, number], z: number): readonly [number, number] {
  const [[l1, u1], [l2, u2]] = [wilson(...control, z), wilson(...other, z)];
  const [p1, p2] = [control[0] / control[1], other[0] / other[1]];
  return [p2 - p1 - Math.sqrt((p2 - l2) ** 2 + (u1 - p1) ** 2), p2 - p1 + Math.sqrt((u2 - p2) ** 2 + (p1 - l1) ** 2)];
}

/** The two-sided p of two equal rates: the pooled z, whose square is the chi-square of the table. */
function oneLookP([x1, n1]: readonly [number, number], [x2, n2]: readonly [number, number]): number {
  const [both, all] = [x1 + x2, n1 + n2];
  const chiSquare = (all * (x1 * n2 - x2 * n1) ** 2) / (both * (all - both) * n1 * n2);
  return 2 * upperTail(Math.sqrt(chiSquare));
}

/** The relative effects nearest to the measured one that a z test of "the other rate is so many times the control's" rejects. */
function relativeLimits([x1, n1]: readonly [number, number], [x2, n2]: readonly [number, number], z: number): readonly [number, number] {
  const [p1, p2] = [x1 / n1, x2 / n2];
  const isRejected = (ratio: number) =>
    Math.abs(p2 - ratio * p1) > z * Math.sqrt((p2 * (1 - p2)) / n2 + (ratio * ratio * p1 * (1 - p1)) / n1);
  const limit = (outside: number) => {
    let [kept, rejected] = [p2 / p1, outside];
    for (let halving = 0; halving < 60; halving += 1) {
      const middle = (kept + rejected) / 2;
      if (isRejected(middle)) rejected = middle;
      else kept = middle;
    }
    return kept - 1;
  };
  return [limit(0), limit(10)];
}

/** P(B > A) of two rates with uniform priors, on a grid. */
function chanceToBeat(control: readonly [number, number], other: readonly [number, number]): number {
  const shape = ([successes, n]: readonly [number, number]) => {
    const rate = successes / n;
    return (x: number) => Math.exp(successes * Math.log(x / rate) + (n - successes) * Math.log((1 - x) / (1 - rate)));
  };
  const [left, right] = [shape(control), shape(other)];
  const centre = (control[0] + other[0]) / (control[1] + other[1]);
  const reach = 0.3 * centre;
  const steps = 60_000;
  let [below, all, won] = [0, 0, 0];
  for (let i = 0; i < steps; i += 1) {
    const x = centre - reach + (2 * reach * (i + 0.5)) / steps;
    const mass = left(x);
    won += right(x) * (below + mass / 2);
    all += right(x);
    below += mass;
  }
  return won / all / below;
}

function rowsOf(path: string): Record<string, string>[] {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const columns = header.split(',');
  // a comma inside a value (`"7) $1,000 +"`) is none between columns
  const valuesOf = (line: string) => line.replace(/"[^"]*"|\$1,000/g, (quoted) => quoted.replaceAll(',', '')).split(',');
  return lines.map((line) => Object.fromEntries(valuesOf(line).map((value, i) => [columns[i] ?? '', value])));
}

const cookieCats = sharedData('cookie_cats/cookie_cats.csv');
describe('Cookie Cats: the gate at level 30 or 40', { skip: cookieCats.absent }, () => {
  const rows = cookieCats.absent === false ? rowsOf(cookieCats.path) : [];
  const retained = (version: string, column: string): readonly [number, number] => {
    const players = rows.filter((row) => row.version === version);
    return [players.filter((row) => row[column] === 'TRUE').length, players.length];
  };
  const lookAt = (column: string, rate: number) => {
    const test = judged({
      name: 'Gate',
      variations: [
        { id: 'gate_30', parts: {} },
        { id: 'gate_40', parts: {} },
      ],
      goal: column,
      mode: 'fixed',
      minimumEffect: 0.05,
      baseline: { kind: 'rate', rate, source: 'the months before', ageDays: 0 },
    });
    const counts = ['gate_30', 'gate_40'].map((version): ArmCounts => {
      const [successes, users] = retained(version, column);
      return armCounts(version, { users, successes });
    });
    return { design: test.design, look: takeLook(test, null, factsOn(14, counts, 14)) };
  };

  it('is a loser on the seventh day: the later gate keeps fewer players, and the numbers are those of an independent arithmetic', () => {
    const [control, other] = [retained('gate_30', 'retention_7'), retained('gate_40', 'retention_7')];
    assert.deepEqual(
      [control, other],
      [
        [8502, 44_700],
        [8279, 45_489],
      ],
    );
    const { design, look } = lookAt('retention_7', 0.19);
    const [comparison] = look.comparisons;
    assert.ok(comparison?.fixedHorizon && comparison.sequential);

    const [p1, p2] = [8502 / 44_700, 8279 / 45_489];
    const error = Math.sqrt((p1 * (1 - p1)) / 44_700 + (p2 * (1 - p2)) / 45_489);
    nearRelative(comparison.effect, p2 - p1);
    nearRelative(comparison.standardError, error);
    nearRelative(comparison.fixedHorizon.p, oneLookP(control, other), 1e-7);
    const interval = newcombe(control, other, Z);
    near(comparison.fixedHorizon.interval.low, interval[0], 1e-12);
    near(comparison.fixedHorizon.interval.high, interval[1], 1e-12);
    near(comparison.sequential.interval.high, p2 - p1 + Z * error, 1e-9);
    near(look.arms[1]?.interval?.low ?? 0, wilson(...other, Z)[0], 1e-12);
    near(look.arms[1]?.best ?? 0, chanceToBeat(control, other), 1e-7);

    assert.deepEqual(look.verdict, { kind: 'loser', variationIds: ['gate_40'], stoppedEarly: false });
    assert.deepEqual(documentAnswer(design, look).recommendation, 'inconclusive');
    near(comparison.alwaysValidP ?? 1, 0.00156, 0.00001);
  });

  it('loses on the seventh day the share of returning players that docs/experiments.md tells, by an independent arithmetic', () => {
    const [control, other] = [retained('gate_30', 'retention_7'), retained('gate_40', 'retention_7')];
    const { relative, shrunk, z, fixedHorizon } = lookAt('retention_7', 0.19).look.comparisons[0] ?? {};
    assert.ok(relative?.interval && shrunk && z && fixedHorizon);
    const [low, high] = relativeLimits(control, other, Z);
    near(relative.interval.low, low, 1e-12);
    near(relative.interval.high, high, 1e-12);

    const effect = (8279 / 45_489) * (44_700 / 8502) - 1;
    const error = (1 + effect) * Math.sqrt(1 / 8502 - 1 / 44_700 + 1 / 8279 - 1 / 45_489);
    near(shrunk.relative, effect / error ** 2 / (1 / error ** 2 + 1 / 0.05 ** 2), 1e-12); // 0.05 is the smallest effect looked for
    const told = [relative.effect, low, high, shrunk.relative].map((share) => (100 * share).toFixed(1));
    assert.deepEqual([z.toFixed(2), ...told], ['-3.16', '-4.3', '-6.9', '-1.7', '-4.0']);
    assert.ok(2 * fixedHorizon.p < 0.05, 'the verdict stands with two primary metrics');
  });

  it('shows nothing on the first day', () => {
    const [control, other] = [retained('gate_30', 'retention_1'), retained('gate_40', 'retention_1')];
    const { look } = lookAt('retention_1', 0.45);
    assert.equal(look.verdict.kind, 'inconclusive');
    const { fixedHorizon, sequential, effect } = look.comparisons[0] ?? {};
    assert.ok(fixedHorizon && sequential && effect);
    nearRelative(fixedHorizon.p, oneLookP(control, other), 1e-7);
    near(fixedHorizon.interval.low, newcombe(control, other, Z)[0], 1e-12);
    near(fixedHorizon.interval.high, newcombe(control, other, Z)[1], 1e-12);
    assert.ok(sequential.interval.low < 0 && sequential.interval.high > 0);
    const told = [control[0] / control[1], other[0] / other[1], effect].map((share) => (100 * share).toFixed(2));
    assert.deepEqual([...told, fixedHorizon.p.toFixed(3)], ['44.82', '44.23', '-0.59', '0.074']);
  });

  it('has a sample ratio that is strange, but not beyond the alarm', () => {
    const gate = lookAt('retention_7', 0.19).look.gates.find(({ name }) => name === 'sample_ratio');
    const expected = 90_189 / 2;
    const chiSquare = ((44_700 - expected) ** 2 + (45_489 - expected) ** 2) / expected;
    near(2 * upperTail(Math.sqrt(chiSquare)), 0.0086, 0.0001);
    assert.deepEqual([gate?.status, gate?.detail], ['passed', 'p = 0.0086']);
  });
});

const hillstrom = sharedData('hillstrom/hillstrom.csv');
describe('Hillstrom: no e-mail, one for men, one for women', { skip: hillstrom.absent }, () => {
  const rows = hillstrom.absent === false ? rowsOf(hillstrom.path) : [];
  const segments = ['No E-Mail', 'Mens E-Mail', 'Womens E-Mail'];
  const of = (segment: string) => rows.filter((row) => row.segment === segment);
  const variations = segments.map((id) => ({ id, parts: {} }));
  const count = (segment: string, column: string): readonly [number, number] => [
    of(segment).filter((row) => row[column] === '1').length,
    of(segment).length,
  ];

  it('has the counts that the data set is known by', () => {
    assert.deepEqual(
      segments.map((segment) => count(segment, 'visit')),
      [
        [2262, 21_306],
        [3894, 21_307],
        [3238, 21_387],
      ],
    );
    assert.deepEqual(
      segments.map((segment) => count(segment, 'conversion')[0]),
      [122, 267, 189],
    );
  });

  for (const [column, rate, minimumEffect] of [
    ['visit', 0.1, 0.1],
    ['conversion', 0.006, 0.4],
  ] as const) {
    it(`has the engine's ${column} rates, differences and intervals equal to an independent arithmetic`, () => {
      const baseline = { kind: 'rate', rate, source: 'given', ageDays: 0 } as const;
      const test = judged({ variations, goal: column, mode: 'fixed', minimumEffect, baseline });
      const counts = segments.map((segment) =>
        armCounts(segment, { users: count(segment, column)[1], successes: count(segment, column)[0] }),
      );
      const look = takeLook(test, null, factsOn(14, counts, 14));
      for (const [i, comparison] of look.comparisons.entries()) {
        const [control, other] = [count('No E-Mail', column), count(segments[i + 1] ?? '', column)];
        const [p1, p2] = [control[0] / control[1], other[0] / other[1]];
        const error = Math.sqrt((p1 * (1 - p1)) / control[1] + (p2 * (1 - p2)) / other[1]);
        nearRelative(comparison.z, (p2 - p1) / error);
        near(comparison.fixedHorizon?.interval.low ?? 0, newcombe(control, other, Z)[0], 1e-12);
        near(comparison.fixedHorizon?.interval.high ?? 0, newcombe(control, other, Z)[1], 1e-12);
        nearRelative(comparison.fixedHorizon?.p ?? 0, oneLookP(control, other), 1e-6);
        near(comparison.sequential?.interval.low ?? 0, p2 - p1 - Z_OF_TWO * error, 1e-9);
        near(comparison.relative?.effect ?? 0, p2 / p1 - 1, 1e-12);
        near(comparison.relative?.interval?.low ?? 0, relativeLimits(control, other, Z_OF_TWO)[0], 1e-9);
        near(comparison.relative?.interval?.high ?? 0, relativeLimits(control, other, Z_OF_TWO)[1], 1e-9);
        near(look.arms[i + 1]?.interval?.high ?? 0, wilson(...other, Z)[1], 1e-12);
      }
      assert.deepEqual(look.verdict, { kind: 'winner', variationId: 'Mens E-Mail', stoppedEarly: false });
      const misfit = counts.reduce((sum, { exposed }) => sum + (exposed - 64_000 / 3) ** 2 / (64_000 / 3), 0);
      const gate = look.gates.find(({ name }) => name === 'sample_ratio');
      // of two degrees of freedom, the tail of chi-square is an exponential
      assert.deepEqual([gate?.status, gate?.detail], ['passed', `p = ${Math.exp(-misfit / 2).toFixed(4)}`]);
    });
  }

  it("has the engine's spend per customer equal to Welch's arithmetic", () => {
    const spends = segments.map((segment) => of(segment).map((row) => Number(row.spend)));
    const baseline = { kind: 'mean', mean: 0.65, deviation: 12, source: 'given', ageDays: 0 } as const;
    const test = judged({ variations, primaryMetric: 'revenue_per_user', currency: 'USD', mode: 'fixed', minimumEffect: 0.8, baseline });
    const counts = segments.map((segment, i) => {
      const values = spends[i] ?? [];
      const sum = values.reduce((all, value) => all + value, 0);
      const sumOfSquares = values.reduce((all, value) => all + value * value, 0);
      const notZero = values.filter((value) => value > 0).length;
      return armCounts(segment, { users: values.length, primary: { kind: 'mean', sum, sumOfSquares, notZero, before: null } });
    });
    const look = takeLook(test, null, factsOn(14, counts, 14));
    const moments = spends.map((values) => {
      const mean = values.reduce((all, value) => all + value, 0) / values.length;
      return { mean, error: values.reduce((all, value) => all + (value - mean) ** 2, 0) / (values.length - 1) / values.length };
    });
    assert.deepEqual(
      moments.map(({ mean }) => mean.toFixed(4)),
      ['0.6528', '1.4226', '1.0772'],
    );
    for (const [i, comparison] of look.comparisons.entries()) {
      const [control, other] = [moments[0], moments[i + 1]];
      assert.ok(control && other);
      const error = Math.sqrt(control.error + other.error);
      nearRelative(comparison.effect, other.mean - control.mean);
      nearRelative(comparison.standardError, error);
      nearRelative(comparison.fixedHorizon?.p ?? 0, 2 * upperTail(Math.abs(other.mean - control.mean) / error), 0.01); // t of 40,000 degrees
    }
    assert.deepEqual(look.verdict.kind === 'winner' && look.verdict.variationId, 'Mens E-Mail');
  });
});
