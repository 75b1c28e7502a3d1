import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../core/random.js';
import { normalQuantile, normalUpperQuantile } from '../../../../core/stats/distributions/normal.js';
import { sequentialInflation, sequentialPower } from '../../../../core/stats/sequential/inflation.js';
import {
  HIGHEST_BOUNDARY,
  nextLook,
  type Look,
  type SequentialPlan,
  type SequentialState,
} from '../../../../core/stats/sequential/look.js';
import { unpooledZTest } from '../../../../core/stats/proportions/two-proportions.js';
import { repeatedInterval } from '../../../../core/stats/sequential/repeated-interval.js';
import { alphaSpent, type Spending } from '../../../../core/stats/sequential/spending.js';
import { near, nearDigits } from '../nearness.js';

const OBRIEN_FLEMING: Spending = { kind: 'obrien_fleming' };
const POCOCK: Spending = { kind: 'pocock' };
const SQUARE: Spending = { kind: 'power', exponent: 2 };

/** All looks of a test, each continued from the JSON of the one before, as from a row of the database. */
function looksAt(plan: SequentialPlan, informations: readonly number[], lastIsEnd = false): Extract<Look, { status: 'boundary' }>[] {
  let state: SequentialState | null = null;
  return informations.map((information, i) => {
    const look = nextLook(plan, state, { information, last: lastIsEnd && i === informations.length - 1 });
    assert.equal(look.status, 'boundary');
    if (look.status !== 'boundary') throw new Error('unreachable');
    state = JSON.parse(JSON.stringify(look.state)) as SequentialState;
    return look;
  });
}

const equallySpaced = (looks: number) => Array.from({ length: looks }, (_, i) => (i + 1) / looks);

const spending = fc.constantFrom(OBRIEN_FLEMING, POCOCK, SQUARE);
/** Rising information fractions, at least the least growth apart, that end at or above 1. */
const schedule = fc
  .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 25 })
  .map((gaps) => {
    const all = gaps.reduce((sum, gap) => sum + gap, 0);
    let sum = 0;
    return gaps.map((gap) => Math.min(1, (sum += gap / all)));
  })
  .map((informations) => [...informations.slice(0, -1), 1]);

describe('the boundaries of Lan and DeMets', () => {
  const cases: readonly (readonly [string, Spending, number, string])[] = [
    ["O'Brien and Fleming, 2 looks", OBRIEN_FLEMING, 2, '2.9626,1.9686'],
    ["O'Brien and Fleming, 3 looks", OBRIEN_FLEMING, 3, '3.7103,2.5114,1.9930'],
    ["O'Brien and Fleming, 4 looks", OBRIEN_FLEMING, 4, '4.3326,2.9631,2.3590,2.0141'],
    ["O'Brien and Fleming, 5 looks", OBRIEN_FLEMING, 5, '4.8769,3.3570,2.6803,2.2898,2.0310'],
    ['Pocock, 5 looks', POCOCK, 5, '2.4380,2.4268,2.4102,2.3966,2.3860'],
    ['the square, 5 looks', SQUARE, 5, '3.0902,2.7141,2.4728,2.2799,2.1140'],
    [
      "O'Brien and Fleming, 14 looks",
      OBRIEN_FLEMING,
      14,
      '8.0000,5.8153,4.7026,4.0372,3.5869,3.2585,3.0059,2.8041,2.6382,2.4985,2.3790,2.2751,2.1838,2.1026',
    ],
    [
      'the square, 14 looks',
      SQUARE,
      14,
      '3.6571,3.3465,3.1594,3.0145,2.8933,2.7877,2.6932,2.6073,2.5281,2.4543,2.3850,2.3195,2.2572,2.1976',
    ],
  ];
  for (const [name, kind, looks, expected] of cases) {
    it(`match the reference of ldbounds to four decimals: ${name}`, () => {
      const boundaries = looksAt({ alpha: 0.05, spending: kind }, equallySpaced(looks)).map(({ boundary }) => boundary);
      for (const [i, digits] of expected.split(',').entries()) nearDigits(boundaries[i] ?? 0, digits);
    });
  }

  it('are the fixed test where there is one look', () => {
    for (const alpha of [0.05, 0.01, 0.0001]) {
      near(looksAt({ alpha, spending: OBRIEN_FLEMING }, [1])[0]?.boundary ?? 0, normalUpperQuantile(alpha / 2), 1e-9);
    }
  });

  it('spend exactly alpha, whatever the schedule', () => {
    fc.assert(
      fc.property(spending, schedule, fc.double({ min: 1e-4, max: 0.2, noNaN: true }), (kind, informations, alpha) => {
        const plan = { alpha, spending: kind };
        let state: SequentialState | null = null;
        for (const information of informations) {
          const look = nextLook(plan, state, { information });
          state = look.state;
          if (look.status === 'no_boundary') continue;
          near(look.state.spent, alphaSpent(kind, alpha, information), 1e-10);
          assert.ok(look.boundary > 0 && look.boundary <= HIGHEST_BOUNDARY);
        }
        assert.equal(state?.phase, 'closed');
        near(state?.spent ?? 0, alpha, 1e-11);
      }),
    );
  });

  it('hold back the rest of what nobody has spent: nothing leaks between the grid points', () => {
    const random = seededRandom(5);
    for (let run = 0; run < 20; run += 1) {
      const informations = Array.from({ length: 1 + Math.floor(random() * 20) }, () => 0.01 + random() * 0.98).sort((a, b) => a - b);
      const plan = { alpha: 0.05, spending: SQUARE };
      // the power against no drift at all is the error
      near(sequentialPower(plan, [...informations, 1], 0), 0.05, 1e-8);
    }
  });

  it('are crossed by a seeded random walk in 5 % of tests in which nothing differs', () => {
    const looks = looksAt({ alpha: 0.05, spending: OBRIEN_FLEMING }, [0.2, 0.25, 0.5, 0.51, 0.8, 1]);
    const random = seededRandom(2026);
    let crossed = 0;
    for (let run = 0; run < 40_000; run += 1) {
      let [score, information] = [0, 0];
      crossed += looks.some(({ boundary, state }) => {
        score += Math.sqrt(state.information - information) * normalQuantile(random() * (1 - 2e-9) + 1e-9);
        information = state.information;
        return Math.abs(score) >= boundary * Math.sqrt(information);
      })
        ? 1
        : 0;
    }
    near(crossed / 40_000, 0.05, 0.0036);
  });

  it('keep 2,000 seeded tests of two equal rates below 6 % false winners over 14 daily looks, where a daily p < 0.05 does not', () => {
    const boundaries = looksAt({ alpha: 0.05, spending: OBRIEN_FLEMING }, equallySpaced(14)).map(({ boundary }) => boundary);
    const random = seededRandom(14);
    const day = () => Array.from({ length: 60 }, () => (random() < 0.2 ? 1 : 0)).reduce((sum: number, one) => sum + one, 0);
    let [ours, naive] = [0, 0];
    for (let run = 0; run < 2000; run += 1) {
      let [control, treatment] = [0, 0];
      const scores = boundaries.map((boundary, i) => {
        control += day();
        treatment += day();
        const trials = 60 * (i + 1);
        const test = unpooledZTest({ successes: control, trials }, { successes: treatment, trials });
        return { z: test.status === 'ok' ? Math.abs(test.z) : 0, boundary };
      });
      ours += scores.some(({ z, boundary }) => z >= boundary) ? 1 : 0;
      naive += scores.some(({ z }) => z >= 1.959964) ? 1 : 0;
    }
    assert.ok(ours / 2000 <= 0.06, `${ours} of 2000 were stopped`);
    assert.ok(naive / 2000 >= 0.18, `${naive} of 2000 would have been stopped`);
  });

  it('do not depend on looks to come, and hardly change for a look that spends little', () => {
    const plan = { alpha: 0.05, spending: POCOCK };
    const wide = looksAt(plan, [0.3, 0.6, 1]);
    const narrow = looksAt(plan, [0.3, 0.6, 0.602, 1]);
    near(wide[1]?.boundary ?? 0, narrow[1]?.boundary ?? 0, 1e-12);
    near(wide[2]?.boundary ?? 0, narrow[3]?.boundary ?? 0, 0.02);
  });
});

describe('a look', () => {
  const plan: SequentialPlan = { alpha: 0.05, spending: OBRIEN_FLEMING };

  it('has no boundary where information has not grown, and leaves the state as it was', () => {
    const [first] = looksAt(plan, [0.5]);
    assert.ok(first);
    for (const information of [0.5, 0.4999, 0.5004, 0.2]) {
      assert.deepEqual(nextLook(plan, first.state, { information }), { status: 'no_boundary', reason: 'no_growth', state: first.state });
    }
    assert.deepEqual(nextLook(plan, null, { information: 0 }), { status: 'no_boundary', reason: 'no_growth', state: null });
  });

  it('spends all that is left at full information, and closes', () => {
    const looks = looksAt(plan, [0.5, 1.08]);
    assert.equal(looks[1]?.state.phase, 'closed');
    near(looks[1]?.state.spent ?? 0, 0.05);
    const after = nextLook(plan, looks[1]?.state ?? null, { information: 1.2 });
    assert.equal(after.status === 'no_boundary' && after.reason, 'closed');
  });

  it('spends all that is left when it is the last, also where information has hardly grown', () => {
    const before = looksAt(plan, equallySpaced(14).slice(0, 7))[6]?.state ?? null;
    const boundaries = [0, 1e-9, 1e-4, 0.0009, 0.0011, 0.002].map((growth) => {
      const look = nextLook(plan, before, { information: 0.5 + growth, last: true });
      assert.equal(look.status, 'boundary');
      near(look.state?.spent ?? 0, 0.05, 1e-12);
      return look.status === 'boundary' ? look.boundary : 0;
    });
    for (const [i, boundary] of boundaries.entries()) near(boundary, boundaries[i - 1] ?? boundary, 2e-5);
    near(boundaries[0] ?? 0, 1.96, 0.001);
  });

  it('is continued from JSON to the same bits', () => {
    const informations = [0.1, 0.22, 0.4, 0.41, 0.9];
    let state: SequentialState | null = null;
    const direct = informations.map((information) => {
      const look = nextLook(plan, state, { information });
      state = look.state;
      return look.status === 'boundary' ? look.boundary : null;
    });
    assert.deepEqual(looksAt(plan, informations).map(({ boundary }) => boundary), direct); // prettier-ignore
  });

  it('follows 900 looks, and stays small enough for a row', () => {
    const looks = looksAt(plan, equallySpaced(900));
    const last = looks.at(-1);
    near(last?.state.spent ?? 0, 0.05, 1e-9);
    near(last?.boundary ?? 0, 2.2266, 0.01);
    const daily = looksAt(plan, equallySpaced(28).slice(0, 20)).at(-1);
    assert.ok(JSON.stringify(daily?.state).length < 1500);
  });

  it('shares alpha among comparisons by a smaller alpha, whose boundaries are higher', () => {
    const one = looksAt(plan, equallySpaced(5));
    const four = looksAt({ ...plan, alpha: 0.05 / 4 }, equallySpaced(5));
    for (const [i, look] of one.entries()) assert.ok((four[i]?.boundary ?? 0) > look.boundary);
  });

  it('refuses an alpha of 0 or 1, and information that is no number', () => {
    for (const alpha of [0, 1]) assert.throws(() => nextLook({ ...plan, alpha }, null, { information: 0.5 }), RangeError);
    for (const information of [-0.1, Number.NaN]) assert.throws(() => nextLook(plan, null, { information }), RangeError);
  });
});

describe('the spending of alpha', () => {
  it('never falls, starts at 0 and ends at alpha', () => {
    fc.assert(
      fc.property(spending, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (kind, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        assert.ok(alphaSpent(kind, 0.05, low) <= alphaSpent(kind, 0.05, high) + 1e-18);
        assert.equal(alphaSpent(kind, 0.05, 0), 0);
        near(alphaSpent(kind, 0.05, 1 - 1e-12), 0.05, 1e-9);
        assert.equal(alphaSpent(kind, 0.05, 1.5), 0.05);
      }),
    );
  });
});

describe('the maximum-sample inflation', () => {
  it('matches the reference table at 80 and 90 % power', () => {
    const table: readonly (readonly [number, string, string, string])[] = [
      [3, '1.013/1.012', '1.045/1.041', '1.170/1.154'],
      [5, '1.025/1.023', '1.063/1.058', '1.212/1.192'],
      [7, '1.032/1.030', '1.073/1.067', '1.232/1.210'],
      [14, '1.042/1.040', '1.087/1.081', '1.258/1.233'],
      [21, '1.047/1.044', '1.092/1.086', '1.267/1.242'],
      [28, '1.049/1.046', '1.095/1.089', '1.271/1.246'],
    ];
    for (const [looks, ...columns] of table) {
      for (const [i, kind] of [OBRIEN_FLEMING, SQUARE, POCOCK].entries()) {
        const [at80 = '', at90 = ''] = (columns[i] ?? '').split('/');
        near(sequentialInflation({ alpha: 0.05, spending: kind }, { power: 0.8, looks }), Number(at80), 0.00101);
        near(sequentialInflation({ alpha: 0.05, spending: kind }, { power: 0.9, looks }), Number(at90), 0.00101);
      }
    }
  });

  it('gives the drift at which the looks have the power asked for', () => {
    for (const [alpha, power] of [
      [0.05, 0.8],
      [0.0125, 0.9],
      [0.05 / 9, 0.8],
    ] as const) {
      // prettier-ignore
      const plan = { alpha, spending: OBRIEN_FLEMING };
      const fixed = normalUpperQuantile(alpha / 2) + normalUpperQuantile(1 - power);
      const drift = fixed * Math.sqrt(sequentialInflation(plan, { power, looks: 14 }));
      near(sequentialPower(plan, equallySpaced(14), drift), power, 1e-9);
    }
  });

  it('is 1 for one look', () => {
    near(sequentialInflation({ alpha: 0.05, spending: OBRIEN_FLEMING }, { power: 0.8, looks: 1 }), 1, 1e-5);
  });

  it('refuses plans without a look or with certain power', () => {
    assert.throws(() => sequentialInflation({ alpha: 0.05, spending: POCOCK }, { power: 1, looks: 3 }), RangeError);
    assert.throws(() => sequentialInflation({ alpha: 0.05, spending: POCOCK }, { power: 0.8, looks: 0 }), RangeError);
  });
});

describe('the repeated interval', () => {
  it('leaves 0 out exactly where z reaches the boundary', () => {
    fc.assert(
      fc.property(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: 1.5, max: 8, noNaN: true }), (z, boundary) => {
        const { low, high } = repeatedInterval({ effect: z * 0.01, standardError: 0.01 }, boundary);
        assert.ok(low <= z * 0.01 && z * 0.01 <= high);
        if (Math.abs(Math.abs(z) - boundary) > 1e-9) assert.equal(low > 0 || high < 0, Math.abs(z) > boundary);
      }),
    );
  });
});
