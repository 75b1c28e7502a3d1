import type { ArmCounts, LookFacts } from '../../core/experiment/counts.js';
import { assignVariation, type AssignmentPlan } from '../../core/experiment/assignment.js';
import { designTest, type TestRequest } from '../../core/experiment/design-request.js';
import type { JudgedTest } from '../../core/experiment/deciding.js';
import { planTest, ruleOf, type TestPlan } from '../../core/experiment/plan.js';
import { logGamma } from '../../core/stats/distributions/gamma.js';

export const DAY_MS = 86_400_000;

/** A test to be simulated: designed by the engine itself, its users coming evenly over its days. */
export type SimulatedTest = JudgedTest & { readonly plan: TestPlan; readonly days: number; readonly usersPerDay: number };

export function designSimulated(
  arms: number,
  request: Pick<TestRequest, 'mode' | 'openEnded' | 'minimumEffect'> & { readonly days: number; readonly baseline: number },
): SimulatedTest {
  const { days, baseline, ...rest } = request;
  const designed = designTest(
    {
      name: 'simulated',
      channel: 'email',
      variations: Array.from({ length: arms }, (_, i) => ({ id: `arm-${i}`, parts: {} })),
      audience: { kind: 'segment', segmentId: 'everybody' },
      primaryMetric: 'conversion_rate',
      goal: 'purchase',
      baseline: { kind: 'rate', rate: baseline, source: 'the simulation', ageDays: 0 },
      durationDays: days,
      conversionWindowHours: 24,
      ...rest,
    },
    { baseline: null, audienceUsers: 1, prior: null },
  );
  if (designed.status === 'refused') throw new Error(designed.faults.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  const { design } = designed;
  const plan = planTest(design, { usersNow: 0, newUsersPerDay: 1_000_000 });
  return { design, rule: ruleOf(design, plan), plan, days, usersPerDay: Math.ceil(plan.maximumUsers / days) };
}

/** How users come to their arms in a simulation: by the engine's own hash, or by draws of the same distribution, which are faster. */
export type Arrivals = (day: number) => readonly number[];

/** Every user of a day is assigned by the engine; the salt makes each simulated test one of its own. */
export function hashedArrivals({ design, usersPerDay }: SimulatedTest, salt: string): Arrivals {
  const ids = design.variations.map(({ id }) => id);
  const plan: AssignmentPlan = {
    salt,
    variationIds: ids,
    exposureShare: 1,
    exclusion: null,
    periods: [{ fromMs: 0, weights: design.variations.map(({ weight }) => weight) }],
  };
  return (day) => {
    const counts = ids.map(() => 0);
    for (let user = 0; user < usersPerDay; user += 1) {
      const assignment = assignVariation(plan, { userId: `user-${day * usersPerDay + user}`, atMs: day * DAY_MS, exposedTo: null });
      const arm = assignment.kind === 'in' ? ids.indexOf(assignment.variationId) : -1;
      counts[arm] = (counts[arm] ?? 0) + 1;
    }
    return counts;
  };
}

export function drawnArrivals(usersPerDay: number, shares: readonly number[], random: () => number): Arrivals {
  return () => {
    let [left, share] = [usersPerDay, 1];
    return shares.map((weight, i) => {
      const drawn = i === shares.length - 1 ? left : drawBinomial(left, Math.min(1, weight / share), random);
      left -= drawn;
      share -= weight;
      return drawn;
    });
  };
}

/** A simulated test's days, one after another: what each daily look would count. Conversion windows are a day long. */
export function* dailyFacts(
  test: SimulatedTest,
  { rates, arrivals, random }: { readonly rates: readonly number[]; readonly arrivals: Arrivals; readonly random: () => number },
): Generator<LookFacts> {
  const totals = rates.map(() => ({ exposed: 0, closed: 0, converted: 0 }));
  let yesterday: readonly number[] = rates.map(() => 0);
  for (let day = 1; day <= test.days + 1; day += 1) {
    const today = day <= test.days ? arrivals(day - 1) : rates.map(() => 0);
    for (const [i, total] of totals.entries()) {
      total.exposed += today[i] ?? 0;
      total.closed += yesterday[i] ?? 0;
      total.converted += drawBinomial(yesterday[i] ?? 0, rates[i] ?? 0, random);
    }
    yesterday = today;
    yield factsOf(test, totals, day);
  }
}

function factsOf(
  { design, days }: SimulatedTest,
  totals: readonly { readonly exposed: number; readonly closed: number; readonly converted: number }[],
  day: number,
): LookFacts {
  const arms = totals.map(({ exposed, closed, converted }, i): ArmCounts => ({
    variationId: design.variations[i]?.id ?? '',
    exposed,
    exposedTwice: 0,
    closed,
    measured: closed,
    notDelivered: 0,
    primary: { kind: 'rate', successes: converted },
    engaged: { opened: closed, clicked: converted, replied: 0, converted, machineOpened: 0 },
    harmed: {},
  }));
  const periods = [
    { weights: design.variations.map(({ weight }) => weight), exposed: totals.map(({ exposed }) => exposed), results: null },
  ];
  return { atMs: day * DAY_MS, startedAtMs: 0, endsAtMs: (days + 1) * DAY_MS, arms, periods };
}

const tables = new Map<string, Float64Array>();

/** A draw of the binomial distribution by its cumulative table, computed once for each (n, p). */
export function drawBinomial(n: number, p: number, random: () => number): number {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const key = `${n} ${p}`;
  const known = tables.get(key);
  const table = known ?? cumulativeBinomial(n, p);
  if (known === undefined) {
    if (tables.size > 20_000) tables.clear();
    tables.set(key, table);
  }
  const drawn = random();
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((table[middle] ?? 1) > drawn) high = middle;
    else low = middle + 1;
  }
  return low;
}

function cumulativeBinomial(n: number, p: number): Float64Array {
  const constant = logGamma(n + 1);
  let sum = 0;
  return Float64Array.from({ length: n + 1 }, (_, k) => {
    sum += Math.exp(constant - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log1p(-p));
    return sum;
  });
}
