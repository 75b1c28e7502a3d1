import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { betaCdf } from '../../../core/stats/distributions/beta.js';
import type { SegmentOpportunity } from '../../../core/suggestion/payload.js';
import { priorityOf, slugOf } from '../../../core/suggestion/segment-opportunity.js';
import { suggest } from '../../../core/suggestion/suggest.js';
import { CONTEXT, segment, threeSegments } from '../../harness/segments.js';

const suggestionFor = (name: string): SegmentOpportunity => {
  const found = suggest(threeSegments, CONTEXT).suggestions.find((each) => each.segment.name === name);
  assert.ok(found, `${name} has a suggestion`);
  return found;
};

describe('the figures of a segment opportunity', () => {
  it('are those that a person works out by hand from what the cohort did', () => {
    const { impact, segment: about } = suggestionFor('Loyal Customers');
    assert.equal(impact.conversion_probability, 0.2); // 200 of 1,000
    assert.equal(impact.potential_revenue, 20_000); // 2,000 members x 10.00 a head
    assert.equal(impact.estimated_revenue_increase, 3_000); // 2,000 x 5 % move up x (40.00 - 10.00)
    assert.equal(impact.estimated_conversion_increase, 30); // 2,000 x 5 % x (0.5 - 0.2)
    assert.ok(Math.abs(impact.confidence_score - 0.886) < 0.002); // a tenth of 0.2 is 1.58 standard errors of 0.01265
    assert.deepEqual(about, {
      segment_id: 'seg_loyal',
      name: 'Loyal Customers',
      size: 2_000,
      characteristics: { avg_engagement_growth: 0.2, avg_current_value: 120.5, avg_potential_value: 450 },
    });
  });

  it('are absent where they cannot be computed: nothing is better than the best', () => {
    const { impact, segment: about } = suggestionFor('Champions');
    assert.equal(impact.potential_revenue, 32_000);
    assert.ok(!('estimated_revenue_increase' in impact));
    assert.ok(!('avg_potential_value' in about.characteristics));
    assert.deepEqual(about.characteristics.top_interests, ['Tech', 'Design']);
  });

  it('are in the minor unit of the currency', () => {
    const yen = threeSegments.map((each) => ({ ...each, statistics: { ...each.statistics, currency: 'JPY' } }));
    const loyal = suggest(yen, CONTEXT).suggestions.find((each) => each.segment.segment_id === 'seg_loyal');
    assert.equal(loyal?.impact.potential_revenue, 2_000_000);
    assert.equal(loyal?.metadata.currency, 'JPY');
  });

  it('speak of conversions alone for a tenant without revenue', () => {
    const free = threeSegments.map(({ statistics: { spendMinor: _spend, avgMonetaryMinor: _value, cohort, ...statistics }, ...rest }) => {
      assert.ok(cohort);
      const { spentMinor: _spent, ...bare } = cohort;
      return { ...rest, statistics: { ...statistics, cohort: bare } };
    });
    const { suggestions } = suggest(free, CONTEXT);
    assert.deepEqual(
      suggestions.map(({ segment: { name }, priority }) => [name, priority]),
      [
        ['Champions', 'high'],
        ['Loyal Customers', 'high'],
      ],
    );
    for (const { impact, segment: about } of suggestions) {
      assert.ok(
        !('potential_revenue' in impact) && !('estimated_revenue_increase' in impact) && !('avg_current_value' in about.characteristics),
      );
    }
    assert.equal(suggestions[1]?.impact.estimated_conversion_increase, 30);
  });

  it('leave out revenue where refunds were more than purchases', () => {
    const refunded = segment('refunded', 'At Risk', {
      users: 500,
      archetype: 'at_risk',
      avgMonetaryMinor: -200,
      cohort: { users: 400, converted: 300, spentMinor: -5_000, movedTo: { seg_champions: 10 } },
    });
    const { suggestions, silences } = suggest([...threeSegments, refunded], CONTEXT);
    assert.ok(suggestions.every((each) => each.segment.name !== 'At Risk'));
    assert.deepEqual(silences.at(-1), { segmentId: 'seg_refunded', because: { kind: 'small_share', share: 0 } });
    assert.ok(!('potential_revenue' in (suggest([refunded], CONTEXT).suggestions[0]?.impact ?? {})));
  });

  it('each carry a basis whose formula, worked over its inputs, gives the figure', () => {
    for (const { impact, segment: about } of suggest(threeSegments, CONTEXT).suggestions) {
      const figures = { ...impact, ...about.characteristics };
      const names = Object.keys(figures).filter((name) => name !== 'basis');
      assert.deepEqual(Object.keys(impact.basis).sort(), names.sort());
      for (const [name, { formula, inputs, period }] of Object.entries(impact.basis)) {
        assert.ok(period.from < period.to);
        if (name === 'top_interests') continue;
        const worked: unknown = runInNewContext(formula, { ...inputs, beta_cdf: betaCdf, max: Math.max });
        const figure = figures[name as keyof typeof figures];
        assert.ok(typeof figure === 'number' && typeof worked === 'number');
        assert.ok(
          Math.abs(worked - figure) <= 0.05 * (name.endsWith('conversion_increase') ? 1 : 0.1),
          `${name}: ${worked} is not ${figure}`,
        );
      }
    }
  });
});

describe('the recommended actions', () => {
  it('have the shape of the format, and expect what was measured', () => {
    const { recommended_actions: actions, actions: described } = suggestionFor('Loyal Customers');
    assert.deepEqual(actions[0], {
      action_type: 'create_campaign',
      channel: 'email',
      campaign_name: 'Loyal Customers - More of What You Like',
      template: 'feature_highlight',
      sequence_length: 4,
      expected_conversion_rate: 0.2,
    });
    assert.equal(described.length, actions.length);
    assert.deepEqual(described[0], {
      action_type: 'create_campaign',
      description: 'Email campaign "Loyal Customers - More of What You Like" (feature highlight), 4 messages',
    });
  });

  it('win people at risk back with an offer', () => {
    const atRisk = segment('risk', 'At Risk', { ...statisticsAtRisk, users: 900 });
    const [suggestion] = suggest([atRisk], CONTEXT).suggestions;
    assert.deepEqual(suggestion?.recommended_actions[0], {
      action_type: 'create_campaign',
      channel: 'whatsapp',
      campaign_name: 'At Risk - We Miss You',
      template: 'win_back',
      offer: { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 },
      urgency: 'high',
      expected_conversion_rate: 0.1,
    });
  });

  it('lead to the segment in the app', () => {
    const { id, cta_url: url } = suggestionFor('Loyal Customers');
    assert.equal(url, `https://app.engarde.media/segments/loyal-customers?suggestion=${id}`);
    assert.equal(slugOf('At Risk – e-mail first'), 'at-risk-e-mail-first');
    assert.equal(slugOf('Zürich'), 'zurich');
    assert.equal(slugOf('東京'), 'segment');
  });
});

const statisticsAtRisk = {
  archetype: 'at_risk',
  cohort: { users: 1_000, converted: 100, spentMinor: 100_000, movedTo: { seg_risk: 1_000 } },
} as const;

describe('a suggestion fires', () => {
  it('for the segments that bring something, the one that brings most first', () => {
    const { suggestions, silences } = suggest(threeSegments, CONTEXT);
    assert.deepEqual(
      suggestions.map(({ segment: { name }, priority }) => [name, priority]),
      [
        ['Champions', 'high'],
        ['Loyal Customers', 'high'],
      ],
    );
    assert.deepEqual(silences, [{ segmentId: 'seg_lost', because: { kind: 'few_conversions', converted: 4, users: 7_000 } }]);
  });

  it('not without enough people, then and now, a goal, or a share worth the time', () => {
    const cohort = { users: 1_000, converted: 100, spentMinor: 100_000, movedTo: {} };
    const silent = [
      segment('a', 'A', { users: 29, cohort }),
      segment('b', 'B', { users: 500 }),
      segment('c', 'C', { users: 500, cohort: { ...cohort, users: 29, converted: 5 } }),
      segment('d', 'D', { users: 500, cohort: { users: 1_000, spentMinor: 100_000, movedTo: {} } }),
      segment('e', 'E', { users: 100, cohort: { ...cohort, spentMinor: 9_000 } }),
      segment('f', 'F', { users: 0 }),
    ];
    const { suggestions, silences } = suggest([...silent, ...threeSegments.slice(0, 2)], CONTEXT);
    assert.equal(suggestions.length, 2);
    assert.deepEqual(Object.fromEntries(silences.map(({ segmentId, because }) => [segmentId, because.kind])), {
      seg_a: 'too_small',
      seg_b: 'no_cohort',
      seg_c: 'cohort_too_small',
      seg_d: 'no_goal',
      seg_e: 'small_share',
      seg_f: 'too_small',
    });
  });

  it('with a priority by what it is of the whole', () => {
    assert.deepEqual([0.25, 0.2499, 0.1, 0.0999].map(priorityOf), ['high', 'medium', 'medium', 'low']);
  });

  it('for nobody where there is nobody', () => {
    assert.deepEqual(suggest([], CONTEXT), { suggestions: [], silences: [] });
  });
});
