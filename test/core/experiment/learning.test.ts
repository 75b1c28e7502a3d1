import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextHypotheses, type HypothesisContext } from '../../../core/experiment/hypotheses.js';
import { believedEffects, evidenceOfTraits, learningsFrom, priorFrom, type Learning } from '../../../core/experiment/learnings.js';
import { takeLook } from '../../../core/experiment/look.js';
import { changesBetween, traits, type TraitChange } from '../../../core/experiment/traits.js';
import type { Variation } from '../../../core/experiment/variation.js';
import { designTest } from '../../../core/experiment/design-request.js';
import { near } from '../stats/nearness.js';
import { designed, judged, someKnown, someRequest, twoArms } from './samples.js';

const variation = (parts: Variation['parts']): Variation => ({ id: 'x', name: 'x', weight: 0.5, parts });
const changed = (from: Variation['parts'], to: Variation['parts']) =>
  changesBetween(variation(from), variation(to)).map(({ trait, sign }) => `${sign > 0 ? '+' : '-'}${trait}`);

describe('what was varied', () => {
  it('is told in the words of tests', () => {
    assert.deepEqual(changed({ subject: 'Your dashboard is ready' }, { subject: '{{first_name}}, is it ready?' }), [
      '+personalised_subject',
      '+question_in_subject',
    ]);
    assert.deepEqual(changed({ subject: 'Hi 🎉' }, { subject: 'Hi you' }), ['-emoji_in_subject']);
    assert.deepEqual(changed({ subject: 'Sale' }, { subject: 'Sale: 20 % off all shoes' }), ['+number_in_subject', '+longer_subject']);
    assert.deepEqual(changed({ offer: '10 % off' }, { offer: '15 % off + free shipping' }), ['+bigger_offer']);
    assert.deepEqual(changed({ offer: '10 % off' }, {}), ['-bigger_offer']);
    assert.deepEqual(changed({ send_time: '18:30' }, { send_time: '08:00' }), ['-later_send_time']);
    assert.deepEqual(changed({ cta: 'Buy', content: 'a' }, { cta: 'Look', content: 'b' }), ['+other_cta', '+other_content']);
    assert.deepEqual(changed({ subject: 'Same' }, { subject: 'Same' }), []);
  });
});

const learning = (testId: string, effect: number, standardError: number, ...changes: readonly TraitChange[]): Learning => ({
  testId,
  variationId: 'b',
  channel: 'email',
  metric: 'conversion_rate',
  verdict: 'winner',
  changes,
  effect,
  standardError,
});
const more = (trait: TraitChange['trait']): TraitChange => ({ trait, sign: 1 });
const less = (trait: TraitChange['trait']): TraitChange => ({ trait, sign: -1 });

describe('the learnings of a test', () => {
  it('are its relative effects, described by what was varied', () => {
    const look = takeLook(judged(), null, twoArms(8, [600, 100], [600, 160]));
    const [one] = learningsFrom('t-1', designed(), look);
    assert.deepEqual([one?.verdict, one?.changes.map(({ trait }) => trait)], ['winner', ['personalised_subject', 'longer_subject']]);
    near(one?.effect ?? 0, 0.6, 1e-12);
  });

  it('are none while it runs, when it is invalid, and of a bandit', () => {
    const running = takeLook(judged(), null, twoArms(2, [600, 100], [600, 110]));
    const invalid = takeLook(judged(), null, twoArms(8, [600, 100], [900, 110]));
    const bandit = judged({ mode: 'bandit' });
    const ended = takeLook(bandit, null, twoArms(8, [600, 100], [600, 200]));
    assert.equal(ended.verdict.kind, 'winner');
    for (const look of [running, invalid, ended]) assert.deepEqual(learningsFrom('t', designed(), look), []);
  });

  it('are believed less than they were measured, as James and Stein say', () => {
    const some = [learning('1', 0.2, 0.1), learning('2', 0.1, 0.1), learning('3', -0.1, 0.1)];
    for (const [i, believed] of believedEffects(some).entries()) near(believed, (5 / 6) * (some[i]?.effect ?? 0), 1e-12);
    assert.deepEqual(believedEffects(some.slice(0, 2)), [0.2, 0.1]);
  });

  it('give new tests their prior, from three tests on, and by it their smallest effect', () => {
    const some = [learning('1', 0.2, 0.01), learning('2', 0.1, 0.01), learning('3', -0.1, 0.01), learning('4', 0, 0.01)];
    assert.equal(priorFrom(some.slice(0, 2)), null);
    const prior = priorFrom(some);
    near(prior?.mean ?? 0, 0.05, 1e-9);
    near(prior?.deviation ?? 0, 0.13, 0.005);
    const { minimumEffect: _, ...request } = someRequest;
    const answer = designTest(request, { ...someKnown, prior });
    near(answer.status === 'designed' ? answer.design.minimumEffect : 0, prior?.deviation ?? 1, 1e-12);
  });
});

describe('the evidence of a trait', () => {
  const past = [
    learning('1', 0.2, 0.05, more('personalised_subject')),
    learning('2', -0.15, 0.05, less('personalised_subject')),
    learning('3', 0.01, 0.02, more('emoji_in_subject')),
    learning('4', -0.01, 0.02, more('emoji_in_subject')),
    learning('5', 0.1, 0.05, more('longer_content'), more('other_cta')),
  ];
  const evidence = new Map(evidenceOfTraits(past, { mean: 0, deviation: 0.1 }).map((one) => [one.trait, one]));

  it('turns a test of less of it round, and is pulled towards nothing', () => {
    const one = evidence.get('personalised_subject');
    assert.deepEqual(one?.tests, ['1', '2']);
    assert.ok((one?.effect ?? 0) > 0.08 && (one?.effect ?? 1) < 0.175);
    assert.ok((one?.kept ?? 0) > 0 && (one?.kept ?? 1) < 1);
  });

  it('of two things varied at once is known half as well', () => {
    assert.ok((evidence.get('longer_content')?.deviation ?? 0) > (evidence.get('emoji_in_subject')?.deviation ?? 1));
    assert.ok((evidence.get('longer_content')?.effect ?? 1) < 0.1);
  });

  it('is the prior alone for what was never tried', () => {
    const one = evidence.get('later_send_time');
    assert.deepEqual([one?.tests, one?.effect, one?.kept], [[], 0, 0]);
  });

  const context: HypothesisContext = { baselineRate: 0.05, alpha: 0.05, power: 0.8, durationDays: 14, possible: traits, running: [] };

  it('leads to the next hypotheses, each with its tests and the sample that it needs', () => {
    const next = nextHypotheses([...evidence.values()], context);
    const [first] = next;
    assert.equal(first?.change.trait, 'personalised_subject');
    assert.deepEqual(first?.evidence.tests, ['1', '2']);
    assert.match(first?.statement ?? '', /^A subject that names the reader raises the rate by \+1\d % or more\.$/);
    assert.match(first?.evidence.inWords ?? '', /^2 tests so far: \+1\d % after shrinkage/);
    assert.ok((first?.usersPerArm ?? 0) > 5000);
    assert.ok(next.some(({ evidence: { inWords } }) => inWords.startsWith('Never tried here')));
    for (const { prior, minimumEffect, chance } of next) assert.ok(prior.deviation > 0 && minimumEffect >= 0.03 && chance >= 0.1);
  });

  it('proposes nothing that tests have spent, that a running one varies, or that the channel has not', () => {
    const next = nextHypotheses([...evidence.values()], {
      ...context,
      running: ['personalised_subject'],
      possible: ['personalised_subject', 'emoji_in_subject', 'other_cta'],
    });
    assert.deepEqual(
      next.map(({ change }) => change.trait),
      ['other_cta'],
    );
  });
});
