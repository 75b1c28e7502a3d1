import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chartOf } from '../../../core/experiment/chart.js';
import { annualImpact, impactInWords, monthlyVolume } from '../../../core/experiment/impact.js';
import { takeLook, type Look } from '../../../core/experiment/look.js';
import { reportOf, type ReportContext } from '../../../core/experiment/report.js';
import { near } from '../stats/nearness.js';
import { designTest } from '../../../core/experiment/design-request.js';
import { planTest, ruleOf } from '../../../core/experiment/plan.js';
import { armCounts, designed, factsOn, judged, someKnown, someRequest, twoArms } from './samples.js';

const context: ReportContext = {
  days: 14,
  audienceName: 'new sign-ups',
  volume: { usersPerMonth: 10_000, exposed: 5_000, days: 15, share: 1 },
  links: { apply: 'https://example.test/apply', details: 'https://example.test/details' },
};
const test = judged({ applyTo: 'welcome_emails' });
const won = takeLook(test, null, twoArms(8, [600, 100], [600, 160]));

describe('the text report of a look', () => {
  it('names the arms, the winner, its certainty, the recommendation and what it is worth', () => {
    const text = reportOf(test.design, won, context);
    for (const line of [
      /^🧪 A\/B Test Results: Welcome subject$/m,
      /^Duration: 14 days$/m,
      /^Audience: 1,200 of new sign-ups$/m,
      /^Control: "Welcome"$/m,
      /^✅ Winner: "Personal"$/m,
      / {2}- Conversions: 160 of 600 \(26\.7%\) \(\+60%\)$/m,
      /^Statistical significance: 95% confidence, valid at every look$/m,
      /^P-value \(always valid\): (0\.00\d\d|below 0\.0001)$/m,
      /^To be expected, after shrinkage: \+[345]\d %$/m,
      /^💡 Recommendation: apply the winning variation to all of welcome emails\. .* Expected annual impact: \+\d,\d{3} conversions \(/m,
      /^👉 Apply winner: https:\/\/example\.test\/apply$/m,
    ]) {
      assert.match(text, line);
    }
  });

  it('keeps the control and offers nothing to apply when nothing was found', () => {
    const look = takeLook(test, null, twoArms(20, [1200, 240], [1200, 243]));
    const text = reportOf(test.design, look, context);
    assert.match(text, /Statistical significance: not reached/);
    assert.match(text, /Recommendation: keep "Welcome"\. No difference was found/);
    assert.doesNotMatch(text, /Apply winner/);
  });

  it('shows no rate that nobody has told of', () => {
    const silent = [300, 360].map((users, i) =>
      armCounts(['control', 'personal'][i] ?? '', {
        users,
        successes: 60,
        engaged: { opened: 0, clicked: i, replied: 0, converted: 60, machineOpened: 0 },
      }),
    );
    const text = reportOf(test.design, takeLook(test, null, factsOn(3, silent)), context);
    assert.doesNotMatch(text, /Open rate/);
    assert.match(text, /Click rate: 0\.0%\n[^]*Click rate: 0\.3%/);
  });

  it('of a bandit gives the probability of the best arm, and says why there is no p-value', () => {
    const bandit = judged({ mode: 'bandit' });
    const text = reportOf(bandit.design, takeLook(bandit, null, twoArms(3, [600, 100], [600, 120])), {
      ...context,
      volume: null,
      links: null,
    });
    assert.match(text, /Most likely the best: "Personal", with probability \d\d\.\d%/);
    assert.match(text, /A bandit gives more users to the arm that looks best/);
    assert.doesNotMatch(text, /P-value \(/);
  });
});

describe('the report of a factorial test', () => {
  it('tells what each factor did, and two together', () => {
    const factors = [
      {
        part: 'subject',
        levels: [
          { id: 'plain', value: 'Welcome' },
          { id: 'named', value: '{{first_name}}, welcome' },
        ],
      },
      {
        part: 'cta',
        levels: [
          { id: 'buy', value: 'Buy' },
          { id: 'look', value: 'Look around' },
        ],
      },
    ] as const;
    const { variations: _, ...request } = someRequest;
    const answer = designTest({ ...request, factors }, someKnown);
    assert.ok(answer.status === 'designed');
    const { design } = answer;
    const arms = design.variations.map(({ id }, i) => armCounts(id, { users: 1000, successes: [200, 205, 260, 268][i] ?? 0 }));
    const rule = ruleOf(design, planTest(design, { usersNow: 1e6, newUsersPerDay: 0 }));
    const look = takeLook({ design, rule }, null, factsOn(8, arms));
    const text = reportOf(design, look, { ...context, links: null });
    assert.match(text, /^Factors \(conversion rate, against the first level of each\):$/m);
    assert.match(text, /^ {2}- subject "\{\{first_name\}\}, welcome": \+6\.15 points, p (0\.\d+|below 0\.0001) after Holm$/m);
    assert.match(text, /^ {2}- cta "Look around": \+0\.65 points, p \d\.\d+ after Holm$/m);
    assert.match(text, /^ {2}- subject "\{\{first_name\}\}, welcome" with cta "Look around": \+0\.30 points, p /m);
    assert.equal(won.factors, null);
  });
});

describe('the annual impact', () => {
  it('is twelve months of volume times the shrunk effect, with its interval', () => {
    const [comparison] = won.comparisons;
    assert.ok(comparison?.shrunk && context.volume);
    const impact = annualImpact(comparison, context.volume);
    assert.ok(impact);
    near(impact.expected, 120_000 * comparison.shrunk.effect, 1e-9);
    assert.ok(impact.expected < 120_000 * comparison.effect);
    assert.ok(impact.interval.low < impact.expected && impact.expected < impact.interval.high);
    near((impact.interval.low + impact.interval.high) / 2, impact.expected, 1e-6);
  });

  it('is told in what the metric counts', () => {
    const impact = { expected: 7_200_00, interval: { low: -3_600_00, high: 18_000_00 } };
    const words = (primaryMetric: Parameters<typeof impactInWords>[1]) => impactInWords(impact, primaryMetric);
    assert.equal(words({ kind: 'ctr' }), '+720,000 clicks (-360,000 to +1,800,000)');
    assert.equal(words({ kind: 'revenue_per_user', currency: 'USD', winsoriseAbove: null }), '+$7,200 (-$3,600 to +$18,000)');
    assert.equal(words({ kind: 'revenue_per_user', currency: 'JPY', winsoriseAbove: null }), '+¥720,000 (-¥360,000 to +¥1,800,000)');
    assert.equal(words({ kind: 'engagement_time', winsoriseAbove: null }), '+200 hours of engagement (-100 to +500)');
  });
});

describe('the monthly volume', () => {
  const DAY_MS = 86_400_000;
  const whole = { exposureShare: 1, exclusion: null };
  const looks = (...exposed: readonly number[]) => exposed.map((number, i) => ({ atMs: (i + 1) * DAY_MS, exposed: number }));

  it('is that of the slower half of the test, and of all who get such a message', () => {
    assert.deepEqual(monthlyVolume(whole, 0, looks(300, 400, 500, 600)), { exposed: 200, days: 2, share: 1, usersPerMonth: 3_000 });
    assert.deepEqual(monthlyVolume(whole, 0, looks(100, 200, 500, 800))?.usersPerMonth, 3_000);
    const half = { exposureShare: 0.5, exclusion: { group: 'onboarding', from: 0.25, to: 0.5 } };
    assert.equal(monthlyVolume(half, 0, looks(100, 200, 300, 400))?.usersPerMonth, 24_000);
  });

  it('is none of what was sent once, and of a test that one look decided', () => {
    assert.equal(monthlyVolume(whole, 0, looks(5_000, 5_000, 5_000, 5_000)), null);
    assert.equal(monthlyVolume(whole, 0, looks(5_000)), null);
    assert.equal(monthlyVolume(whole, 0, []), null);
  });
});

describe('the chart of a test', () => {
  const looks: Look[] = [];
  for (let day = 3; day <= 12; day += 1) {
    const users = 80 * day;
    looks.push(
      takeLook(test, looks.at(-1)?.state ?? null, twoArms(day, [users, Math.round(users * 0.2)], [users, Math.round(users * 0.23)])),
    );
  }

  it('draws a bar for every look: dashed before it may decide, whole from then on', () => {
    const svg = chartOf(test.design, looks);
    assert.equal([...svg.matchAll(/<circle /g)].length, 10);
    assert.equal([...svg.matchAll(/stroke-width="2.5" stroke-dasharray="3 3" opacity/g)].length, 4);
    assert.equal(chartOf(test.design, looks), svg);
  });

  it('keeps what stands in names out of its markup', () => {
    const svg = chartOf(designed({ name: '</text><script>alert("x")</script> & \u0007more' }), looks);
    assert.doesNotMatch(svg, /<script|\u0007/);
    assert.match(svg, /&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt; &amp; more/);
  });

  it('is there before the first look, and with one', () => {
    assert.match(chartOf(test.design, []), /No look was taken yet/);
    assert.doesNotMatch(chartOf(test.design, looks.slice(0, 1)), /NaN|Infinity/);
    assert.doesNotMatch(chartOf(test.design, []), /NaN|Infinity/);
  });
});
