import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cellsOf } from '../../../core/experiment/cells.js';
import { designTest, type KnownBefore, type TestRequest } from '../../../core/experiment/design-request.js';
import { mayStart, planTest, ruleOf } from '../../../core/experiment/plan.js';
import { powerOfRates } from '../../../core/stats/planning/rates.js';
import { near } from '../stats/nearness.js';
import { arms, designed, someKnown, someRequest } from './samples.js';

function refusedFor(request: Partial<TestRequest>, known: KnownBefore = someKnown): string[] {
  const answer = designTest({ ...someRequest, ...request }, known);
  return answer.status === 'refused' ? answer.faults.map(({ field, message }) => `${field}: ${message}`) : [];
}

/** Refused for exactly one reason, which reads so. */
function assertRefused(request: Partial<TestRequest>, expected: RegExp, known: KnownBefore = someKnown): void {
  const faults = refusedFor(request, known);
  assert.equal(faults.length, 1, JSON.stringify(faults));
  assert.match(faults[0] ?? '', expected);
}

const without = (key: keyof TestRequest): TestRequest => {
  const { [key]: _, ...rest } = someRequest;
  return rest as TestRequest;
};

describe('a test that is asked for', () => {
  it('is designed with defaults for what has a sensible one', () => {
    const design = designed();
    assert.deepEqual(design.judging, { mode: 'sequential', openEnded: false });
    assert.deepEqual([design.alpha, design.power, design.durationDays, design.conversionWindowHours], [0.05, 0.8, 14, 72]);
    assert.deepEqual(design.guardrails, ['unsubscribe', 'complaint', 'bounce']);
    assert.deepEqual(
      design.variations.map(({ weight }) => weight),
      [0.5, 0.5],
    );
    assert.deepEqual(design.prior, { mean: 0, deviation: 0.25 });
    const { minimumEffect: _, ...request } = someRequest;
    const plain = designTest(request, someKnown);
    assert.equal(plain.status === 'designed' && plain.design.minimumEffect, 0.1);
  });

  it('is plain JSON', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(designed())), designed());
  });

  it('is refused in words for every number of arms that is no test, ids that are there twice, and weights that do not add up', () => {
    assertRefused({ variations: [] }, /variations: none is given, and a test needs at least 2/);
    assertRefused({ variations: arms(1) }, /variations: one is given, and a test needs at least 2/);
    assertRefused({ variations: arms(11) }, /variations: 11 are given, and 10 is the most/);
    assertRefused({ variations: [...arms(2), ...arms(1)] }, /variations: the id "arm-0" is there twice/);
    const weighted = (...weights: number[]) => arms(weights.length).map((arm, i) => ({ ...arm, weight: weights[i] ?? 0 }));
    assertRefused({ variations: weighted(0.5, 0.4) }, /variations: weights must add up to 1, and add up to 0.9/);
    assert.match(refusedFor({ variations: weighted(1, 0) }).join(), /every weight must lie between 0 and 1/);
    assert.match(
      refusedFor({
        variations: [
          { ...arms(2)[0], id: 'a', parts: {}, weight: 1 },
          { id: 'b', parts: {} },
        ],
      }).join(),
      /either every variation has a weight or none/,
    );
  });

  it('is refused for ids that are names of every object', () => {
    for (const id of ['constructor', '__proto__', 'toString']) {
      assertRefused(
        { variations: [...arms(1), { id, parts: {} }] },
        /variations\[1\].id: ".*" is a name that programs keep for themselves/,
      );
    }
  });

  it('is refused for an alpha of 0 or 1, a power that promises nothing or everything, and no effect to look for', () => {
    for (const alpha of [0, 1, -0.1, Number.NaN]) assertRefused({ alpha }, /alpha: must lie between 0.0001 and 0.2/);
    for (const power of [0, 1]) assertRefused({ power }, /power: must lie between 0.5 and 0.99/);
    assertRefused({ minimumEffect: 0 }, /minimumEffect: must lie between/);
  });

  it('is refused for a baseline of 0 or 1, and an effect that pushes the rate to 1 or over', () => {
    const baseline = (rate: number) => ({ kind: 'rate', rate, source: 'given', ageDays: 0 }) as const;
    for (const rate of [0, 1, -0.2, 1.5])
      assertRefused({ baseline: baseline(rate) }, /baseline.rate: must lie between 0 and 1, both excluded/);
    assertRefused(
      { baseline: baseline(0.8), minimumEffect: 0.25 },
      /minimumEffect: raises the baseline 0.8 to 1, and a rate must stay below 1/,
    );
    assertRefused(
      { baseline: { kind: 'mean', mean: 3, deviation: 2, source: 'given', ageDays: 0 } },
      /conversion_rate is a rate, and the baseline is a mean/,
    );
  });

  it('asks for a baseline where nobody ever emitted the metric, and takes it from the history where somebody did', () => {
    const request = without('baseline');
    const answer = designTest(request, someKnown);
    assert.equal(answer.status, 'refused');
    assert.match(JSON.stringify(answer), /nobody's history has a conversion_rate of .*purchase.* to start from; say what/);
    const known = {
      ...someKnown,
      baseline: { kind: 'rate', rate: 0.1, source: '12,000 messages of the last 90 days', ageDays: 3 } as const,
    };
    const taken = designTest(request, known);
    assert.deepEqual(taken.status === 'designed' && taken.design.baseline, known.baseline);
  });

  it('is refused for an audience without users, by segment and by rule', () => {
    assertRefused({}, /audience: the segment "new-sign-ups" has no users/, { ...someKnown, audienceUsers: 0 });
    assertRefused({ audience: { kind: 'rule', rule: 'country = "FR"' } }, /audience: the rule has no users/, {
      ...someKnown,
      audienceUsers: 0,
    });
  });

  it('is refused for metrics, channels and guardrails that do not exist, and a conversion rate without its goal', () => {
    assertRefused({ primaryMetric: 'happiness' }, /primaryMetric: one of conversion_rate, ctr, .* is expected, not "happiness"/);
    assertRefused({ channel: 'pigeon' }, /channel: one of email, .* is expected, not "pigeon"/);
    assertRefused({ guardrails: ['boredom'] }, /guardrails: boredom: they are unsubscribe, complaint, bounce/);
    const answer = designTest(without('goal'), someKnown);
    assert.match(JSON.stringify(answer), /goal.*a conversion rate needs the goal/);
    assertRefused({ winsoriseAbove: 0.99 }, /only a mean can be winsorised/);
    const revenue = {
      primaryMetric: 'revenue_per_user',
      baseline: { kind: 'mean', mean: 3, deviation: 20, source: 'given', ageDays: 0 },
    } as const;
    assertRefused(revenue, /currency: revenue per user needs a currency/);
    assert.deepEqual(refusedFor({ ...revenue, currency: 'EUR', winsoriseAbove: 0.99 }), []);
  });

  it('is refused for durations without a whole week, shares of nobody, and settings of another mode', () => {
    assertRefused({ durationDays: 6 }, /durationDays: 7 to 180 whole days/);
    assertRefused({ durationDays: 7.5 }, /durationDays/);
    assertRefused({ exposureShare: 0 }, /exposureShare: must be above 0/);
    assertRefused({ exclusion: { group: 'welcome', from: 0.5, to: 0.5 } }, /exclusion: a stretch/);
    assertRefused({ openEnded: true, mode: 'fixed' }, /openEnded: only a sequential test/);
    assertRefused({ floor: 0.01 }, /floor: only a bandit has a floor/);
    assertRefused({ mode: 'bandit', floor: 0.6 }, /floor: must be above 0, and 2 arms/);
    assertRefused({ applyAutomatically: true }, /applyTo: a winner can be applied by itself only/);
  });

  it('is told all that is wrong with it at once', () => {
    const faults = refusedFor({ name: ' ', channel: 'fax', variations: arms(1), alpha: 1, durationDays: 1 });
    assert.deepEqual(
      faults.map((text) => text.split(':')[0]),
      ['name', 'channel', 'variations', 'alpha', 'durationDays'],
    );
  });

  it('takes its smallest effect and its prior from past tests, where there are some', () => {
    const { minimumEffect: _, ...request } = someRequest;
    const answer = designTest(request, { ...someKnown, prior: { mean: 0.02, deviation: 0.07 } });
    assert.equal(answer.status, 'designed');
    if (answer.status !== 'designed') return;
    assert.equal(answer.design.minimumEffect, 0.07);
    assert.deepEqual(answer.design.prior, { mean: 0.02, deviation: 0.07 });
  });
});

describe('a factorial test', () => {
  const level = (id: string) => ({ id, value: id.toUpperCase() });
  const factors = [
    { part: 'subject', levels: [level('plain'), level('question')] },
    { part: 'content', levels: [level('short'), level('long')] },
    { part: 'cta', levels: [level('buy'), level('look')] },
    { part: 'send_time', levels: [level('08:00'), level('18:00')] },
  ] as const;
  const { variations: _, ...request } = someRequest;

  it('enumerates its cells, subject × content × CTA × time, the control first', () => {
    const answer = designTest({ ...request, factors }, someKnown);
    assert.equal(answer.status, 'designed');
    if (answer.status !== 'designed') return;
    assert.equal(answer.design.variations.length, 16);
    assert.equal(answer.design.variations[0]?.id, 'plain.short.buy.08:00');
    assert.deepEqual(answer.design.variations[15]?.parts, { subject: 'QUESTION', content: 'LONG', cta: 'LOOK', send_time: '18:00' });
    near(
      answer.design.variations.reduce((sum, { weight }) => sum + weight, 0),
      1,
    );
    assert.equal(new Set(cellsOf(factors).map(({ id }) => id)).size, 16);
  });

  it('is refused for a factor with one level, one that is there twice, and more cells than an audience can fill', () => {
    const six = Array.from({ length: 6 }, (_, i) => level(`l${i}`));
    const faultsOf = (some: TestRequest['factors']) =>
      JSON.stringify(designTest({ ...request, ...(some && { factors: some }) }, someKnown));
    assert.match(faultsOf([{ part: 'subject', levels: [level('a')] }]), /at least 2 are expected/);
    assert.match(faultsOf([factors[0], factors[0]]), /subject is varied by two factors/);
    assert.match(
      faultsOf([
        { part: 'subject', levels: six },
        { part: 'cta', levels: six },
      ]),
      /make 36 cells, and 32 is the most/,
    );
    assert.match(faultsOf(undefined), /either variations or factors/);
  });
});

describe('the plan of a test', () => {
  it('matches R’s power.prop.test times the sequential inflation: 20 % → 25 % needs 1,094 × 1.042 an arm', () => {
    const plan = planTest(designed(), { usersNow: 10_000, newUsersPerDay: 0 });
    near(plan.inflation, 1.042, 0.001);
    assert.equal(plan.maximumUsers, Math.ceil(2 * 1093.73904583 * plan.inflation));
    assert.deepEqual(
      plan.usersPerArm.map(({ users }) => users),
      [1141, 1141],
    );
    assert.equal(plan.enough, true);
    assert.deepEqual(ruleOf(designed(), plan), { kind: 'group_sequential', alpha: 0.05, maximumUsers: plan.maximumUsers });
  });

  it('asks for users per arm, not for one sample divided among them: more arms need more each, and far more in all', () => {
    const perArm = [2, 3, 5, 10].map((count) => planTest(designed({ variations: arms(count) }), { usersNow: 0, newUsersPerDay: 1 }));
    for (const [i, plan] of perArm.slice(1).entries()) {
      assert.ok((plan.usersPerArm[0]?.users ?? 0) > (perArm[i]?.usersPerArm[0]?.users ?? 0));
    }
    assert.ok((perArm[3]?.maximumUsers ?? 0) > 5 * (perArm[0]?.maximumUsers ?? 0));
  });

  it('tells a segment that is too small what it could show, and starts only when that is accepted', () => {
    const plan = planTest(designed({ minimumEffect: 0.05 }), { usersNow: 2000, newUsersPerDay: 0 });
    assert.equal(plan.enough, false);
    assert.equal(plan.daysNeeded, null);
    assert.ok((plan.detectableEffect ?? 0) > 0.2);
    assert.match(
      plan.notes[0] ?? '',
      /^Too small: 53,\d{3} users are needed and 2,000 can take part; these show \+27 % or more, and \+5.0 % is looked for\.$/,
    );
    assert.deepEqual(mayStart(plan, { acceptTooSmall: true }), { ok: true });
    assert.equal(mayStart(plan, { acceptTooSmall: false }).ok, false);
  });

  it('counts only those whom exposure share and exclusion group leave, and days in whole weeks', () => {
    const design = designed({ exposureShare: 0.5, exclusion: { group: 'welcome', from: 0, to: 0.5 } });
    const plan = planTest(design, { usersNow: 0, newUsersPerDay: 400 });
    assert.equal(plan.availableUsers, 1400);
    assert.equal(plan.daysNeeded, 28);
    assert.match(plan.notes.join('\n'), /It would take 28 days, and 14 are planned/);
  });

  it('finds the effect that the available users do show, by R’s formula turned round', () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 200_000 }), fc.integer({ min: 2, max: 6 }), (usersNow, count) => {
        const plan = planTest(designed({ variations: arms(count), mode: 'fixed' }), { usersNow, newUsersPerDay: 0 });
        if (plan.detectableEffect === null) return;
        const rate = 0.2 * (1 + plan.detectableEffect);
        near(powerOfRates({ baseline: 0.2, rate, alpha: 0.05, comparisons: count - 1, users: usersNow / count }), 0.8, 1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it('plans means by their deviation, and an open end at about twice the users', () => {
    const baseline = { kind: 'mean', mean: 10, deviation: 30, source: 'given', ageDays: 0 } as const;
    const revenue = { primaryMetric: 'revenue_per_user', currency: 'EUR', baseline, minimumEffect: 0.1 } as const;
    const fixed = planTest(designed({ ...revenue, mode: 'fixed' }), { usersNow: 1e6, newUsersPerDay: 0 });
    assert.equal(fixed.maximumUsers, Math.ceil(4 * (30 * (1.959963985 + 0.841621234)) ** 2));
    const open = planTest(designed({ ...revenue, openEnded: true }), { usersNow: 1e6, newUsersPerDay: 0 });
    assert.ok(open.inflation > 1.8 && open.inflation < 2.2);
  });

  it('says when the baseline is old', () => {
    const baseline = { kind: 'rate', rate: 0.2, source: 'the spring campaign', ageDays: 200 } as const;
    const plan = planTest(designed({ baseline }), { usersNow: 1e6, newUsersPerDay: 0 });
    assert.match(plan.notes.join('\n'), /The baseline is 200 days old \(the spring campaign\)/);
  });
});
