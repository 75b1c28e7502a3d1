import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { TestRequest } from '../../../core/experiment/design-request.js';
import { monthlyVolume } from '../../../core/experiment/impact.js';
import { takeLook, type Look } from '../../../core/experiment/look.js';
import { normalCdf } from '../../../core/stats/distributions/normal.js';
import { suggestionsJsonSchema, type AbTestWinner } from '../../../core/suggestion/payload.js';
import { payloadOf } from '../../../core/suggestion/summary.js';
import { testWinner, winnerPriority, type WonTest } from '../../../core/suggestion/test-winner.js';
import { AS_OF, CONTEXT } from '../../harness/segments.js';
import { armCounts, DAY_MS, judged, twoArms } from '../experiment/samples.js';

const context = { ...CONTEXT, asOf: AS_OF, currency: 'USD' };
const steady = Array.from({ length: 8 }, (_, day) => ({ atMs: (day + 1) * DAY_MS, exposed: 150 * (day + 1) }));

/** 100 of 600 against 160 of 600 after eight days: 16.7 % against 26.7 %. */
function wonTest(request: Partial<TestRequest> = {}, look?: (test: ReturnType<typeof judged>) => Look): WonTest {
  const test = judged({ applyTo: 'welcome', ...request });
  const design = { ...test.design, applyTo: 'welcome' };
  const taken = look?.(test) ?? takeLook(test, null, twoArms(8, [600, 100], [600, 160]));
  return { testId: 'test_1', design, startedAtMs: 0, look: taken, volume: monthlyVolume(design, 0, steady) };
}

const revenue = (test: ReturnType<typeof judged>): Look => {
  const arm = (id: string, mean: number) => {
    const squares = 600 * (mean * mean + 30_00 ** 2);
    return armCounts(id, { users: 600, primary: { kind: 'mean', sum: 600 * mean, sumOfSquares: squares, notZero: 300, before: null } });
  };
  const converted = { opened: 100, clicked: 50, replied: 0, converted: 100, machineOpened: 0 };
  const arms = [arm('control', 20_00), arm('personal', 30_00)].map((each) => ({ ...each, engaged: converted }));
  return takeLook(test, null, { ...twoArms(8, [600, 0], [600, 0]), arms });
};
const revenueRequest: Partial<TestRequest> = {
  primaryMetric: 'revenue_per_user',
  currency: 'USD',
  baseline: { kind: 'mean', mean: 20_00, deviation: 30_00, source: 'test', ageDays: 0 },
};

describe('the suggestion to apply a winner', () => {
  const suggestion = testWinner(wonTest(), context);

  it('has the results of the test, field by field', () => {
    const { p_value: p, winner, ...results } = suggestion.test_results;
    assert.deepEqual(results, {
      test_id: 'test_1',
      test_name: 'Welcome subject',
      primary_metric: 'conversion_rate',
      duration_days: 8,
      sample_size: 1200,
      control: { variation: 'Welcome to the shop', open_rate: 0.1667, click_rate: 0.1667, conversions: 100 },
      statistical_significance: true,
    });
    const { improvement_interval: interval, ...measured } = winner;
    assert.deepEqual(measured, {
      variation: '{{first_name}}, your dashboard is ready',
      open_rate: 0.2667,
      click_rate: 0.2667,
      conversions: 160,
      improvement: 0.6,
    });
    assert.ok(interval && interval[0] > 0 && interval[0] < 0.6 && interval[1] > 0.6);
    assert.ok(p !== undefined && p > 0 && p < 0.05);
  });

  it('promises the shrunk effect on the observed volume, not the measured one', () => {
    const { improvement = 0, annual_additional_conversions: annual, annual_interval: interval, confidence_level } = suggestion.impact;
    assert.ok(improvement > 0.3 && improvement < 0.5, `${improvement}`);
    // 150 a day are 4,500 a month and 54,000 a year, of whom 16.7 % convert anyway
    assert.ok(Math.abs((annual ?? 0) - (54_000 * improvement) / 6) < 1, `${annual}`);
    assert.ok(interval && interval[0] < (annual ?? 0) && (annual ?? 0) < interval[1]);
    assert.equal(confidence_level, 0.95);
    assert.equal(suggestion.priority, 'high');
    assert.match(suggestion.title, /^Welcome subject: "Personal" won, \+[34]\d % conversion rate to be expected$/);
    assert.match(
      suggestion.description,
      /^"Personal" changed the conversion rate by \+60 % \(.*\) against "Welcome", over 1,200 users in 8 days\./,
    );
  });

  it('recommends to make the winner the default of its template family', () => {
    assert.deepEqual(suggestion.recommended_actions, [
      {
        action_type: 'apply_test_winner',
        test_id: 'test_1',
        apply_to: 'welcome',
        estimated_annual_impact: suggestion.impact.annual_additional_conversions,
      },
    ]);
    assert.deepEqual(
      suggestion.actions.map(({ action_type }) => action_type),
      ['apply_test_winner'],
    );
    assert.equal(suggestion.cta_url, `https://app.engarde.media/ab-tests/test_1?suggestion=${suggestion.id}`);
  });

  it('names no figure that nobody measured', () => {
    const { impact, recommended_actions } = testWinner({ ...wonTest(), volume: null }, context);
    assert.ok(!('annual_additional_conversions' in impact) && !('annual_interval' in impact));
    assert.ok(recommended_actions[0] && !('estimated_annual_impact' in recommended_actions[0]));
    const opens = testWinner(wonTest({ primaryMetric: 'open_rate' }), context).impact;
    assert.ok(!('conversion_improvement' in opens) && !('annual_additional_conversions' in opens));
    assert.ok((opens.improvement ?? 0) > 0);
  });

  it('tells money in major units', () => {
    const { impact } = testWinner(wonTest(revenueRequest, revenue), context);
    const { improvement = 0, annual_additional_revenue: annual = 0, estimated_revenue_increase: month = 0 } = impact;
    assert.ok(Math.abs(annual - 54_000 * 20 * improvement) < 60, `${annual}`);
    assert.ok(Math.abs(annual / 12 - month) < 0.01);
  });

  it('of a bandit has the probability of the best arm, and says why there is no p-value', () => {
    const test = judged({ mode: 'bandit', applyTo: 'welcome' });
    const look = takeLook(test, null, twoArms(15, [2000, 300], [2000, 460]));
    assert.equal(look.verdict.kind, 'winner');
    const { impact, test_results } = testWinner(
      wonTest({ mode: 'bandit' }, () => look),
      context,
    );
    assert.ok(impact.confidence_score >= 0.99 && !('improvement' in impact) && !('p_value' in test_results));
    assert.match(test_results.p_value_note ?? '', /A bandit gives more users/);
    assert.equal(test_results.statistical_significance, false);
  });

  const all: readonly AbTestWinner[] = [
    suggestion,
    testWinner(wonTest(revenueRequest, revenue), context),
    testWinner(wonTest({ primaryMetric: 'ctr' }), context),
  ];

  it('carries for each figure a basis whose formula, worked over its inputs, gives the figure', () => {
    for (const { impact } of all) {
      const { basis, annual_interval: _interval, ...figures } = impact;
      assert.deepEqual(Object.keys(basis).sort(), Object.keys(figures).sort());
      for (const [name, { formula, inputs, period }] of Object.entries(basis)) {
        assert.ok(period.from < period.to);
        const worked = runInNewContext(formula, { ...inputs, normal_cdf: normalCdf }) as number;
        const figure = figures[name as keyof typeof figures] ?? Number.NaN;
        assert.ok(Math.abs(worked - figure) <= (Math.abs(figure) > 100 ? 0.5 : 1e-4), `${name}: ${worked} is not ${figure}`);
      }
    }
  });

  it('is valid by the JSON Schema of the payload, and counted apart from segments', () => {
    const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
    formats.default(ajv);
    const validate = ajv.compile(suggestionsJsonSchema());
    const payload = payloadOf({ tenantId: CONTEXT.tenantId, asOf: AS_OF, suggestions: all, audiences: [], moneyDigits: 2 });
    assert.ok(validate(payload), JSON.stringify(validate.errors));
    assert.deepEqual(payload?.summary.total_estimated_impact, {
      users_affected: 0,
      annual_additional_conversions: suggestion.impact.annual_additional_conversions,
    });
  });
});

describe('the priority of a winner', () => {
  it('goes by what is to be expected of it', () => {
    assert.deepEqual([0.1, 0.09, 0.03, 0.029, undefined].map(winnerPriority), ['high', 'medium', 'medium', 'low', 'medium']);
  });
});
