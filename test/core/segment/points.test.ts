import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fitScales, pointsOf, takePoints, transform, type FeatureUse } from '../../../core/segment/points.js';

const use = (given: Partial<FeatureUse> = {}): FeatureUse => ({ name: 'recencyDays', unit: 1, logged: false, weight: 1, ...given });
const column = (...values: number[]) => Float64Array.from(values);
const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) <= 1e-12, `${actual} is not ${expected}`);

describe('a feature as a coordinate', () => {
  it('is logged on its own side of zero, in major units', () => {
    const money = { unit: 100, logged: true };
    near(transform(0, money), 0);
    near(transform(1_900, money), Math.log(20));
    near(transform(-1_900, money), -Math.log(20));
    near(transform(250, { unit: 100, logged: false }), 2.5);
  });

  it('has mean 0 and deviation 1 over the sample, times its weight', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(values, fc.boolean(), fc.constantFrom(0.25, 0.5, 1), (values, logged, weight) => {
        const columns = { recencyDays: Float64Array.from(values) };
        const { features } = fitScales(columns, [use({ logged, weight })]);
        if (features.length === 0) return;
        const { values: z } = pointsOf(columns, values.length, features);
        const mean = z.reduce((sum, x) => sum + x, 0) / z.length;
        assert.ok(Math.abs(mean) < 1e-6);
        assert.ok(Math.abs(z.reduce((sum, x) => sum + x * x, 0) / z.length - weight ** 2) < 1e-6);
      }),
    );
  });

  it('keeps the scale of the sample for people who were not in it', () => {
    const { features } = fitScales({ recencyDays: column(1, 3) }, [use({ weight: 0.5 })]);
    assert.deepEqual([...pointsOf({ recencyDays: column(2, 3, 7) }, 3, features).values], [0, 0.5, 2.5]);
  });

  it('is the mean where a value is missing, which does not count in the scale either', () => {
    const columns = { recencyDays: column(1, Number.NaN, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) };
    const { features } = fitScales(columns, [use()]);
    assert.deepEqual(
      features.map(({ mean, deviation }) => [mean, deviation]),
      [[2, 1]],
    );
    assert.deepEqual([...pointsOf(columns, 5, features).values], [-1, 0, 1, 0, 0]);
  });

  it('is dropped where it does not vary, or nobody has it, and the reason is told', () => {
    const columns = { recencyDays: column(0.1, 0.1, 0.1), trend: column(Number.NaN, Number.NaN, Number.NaN), frequency: column(1, 2, 3) };
    const { features, dropped } = fitScales(columns, [use(), use({ name: 'trend' }), use({ name: 'frequency' })]);
    assert.deepEqual(
      features.map(({ name }) => name),
      ['frequency'],
    );
    assert.deepEqual(dropped, [
      { name: 'recencyDays', because: 'all users have the same value' },
      { name: 'trend', because: 'too few users have one' },
    ]);
  });

  it('must have been read', () => {
    assert.throws(() => fitScales({}, [use()]), /asks for recencyDays, which was not read/);
  });
});

describe('points', () => {
  it('are taken by their positions', () => {
    const points = { count: 3, dimensions: 2, values: column(1, 2, 3, 4, 5, 6) };
    assert.deepEqual(takePoints(points, [2, 0]), { count: 2, dimensions: 2, values: column(5, 6, 1, 2) });
  });
});
