import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../config.js';
import { renderBrief, type BriefInput } from '../../../core/brief/brief.js';
import { nextTestLines, type TestFinding } from '../../../core/brief/test-section.js';
import { nextHypotheses } from '../../../core/experiment/hypotheses.js';
import { evidenceOfTraits } from '../../../core/experiment/learnings.js';
import { traits } from '../../../core/experiment/traits.js';
import { monthlyVolume } from '../../../core/experiment/impact.js';
import { takeLook } from '../../../core/experiment/look.js';
import type { SegmentFinding } from '../../../core/suggestion/evidence.js';
import { suggest } from '../../../core/suggestion/suggest.js';
import { payloadOf } from '../../../core/suggestion/summary.js';
import { testWinner } from '../../../core/suggestion/test-winner.js';
import { DAY_MS, judged, twoArms } from '../experiment/samples.js';
import { AS_OF, CONTEXT, segment, threeSegments } from '../../harness/segments.js';

function briefOf(segments: readonly SegmentFinding[], currency = 'USD'): string {
  const { suggestions, silences } = suggest(segments, CONTEXT);
  const audiences = segments.map(({ segmentId, statistics }) => ({ segmentIds: [segmentId], users: statistics.users }));
  const payload = payloadOf({ tenantId: CONTEXT.tenantId, asOf: AS_OF, suggestions, audiences, moneyDigits: 2 });
  const input: BriefInput = {
    tenantName: 'Acme',
    asOf: AS_OF,
    currency,
    segments,
    payload,
    silences,
    tests: [],
    nextTests: [],
    campaigns: [],
    outreach: [],
    ...CONTEXT,
  };
  return renderBrief(input);
}

const golden = (name: string): string => readFileSync(join(projectRoot, 'test/core/brief/golden', name), 'utf8');

describe('the brief', () => {
  it('shows each segment with its figures, what to do, what that may bring and how sure it is', () => {
    assert.equal(briefOf(threeSegments.toReversed()), golden('brief.txt'));
  });

  it('fits into 100 columns, but for links', () => {
    const long = threeSegments.map(({ name, ...rest }) => ({ ...rest, name: `${name} – who read about gardens and come back on Sundays` }));
    for (const line of briefOf(long).split('\n')) {
      if (!line.includes('https://') && !/^\S+ .+ – /u.test(line)) assert.ok(line.length <= 100, line);
    }
  });

  it('shows nothing without data behind it', () => {
    const bare = segment('lost', 'Lost', { archetype: 'lost', users: 40, engagement: { last30Days: 0, previous30Days: 0 }, traits: [] });
    const brief = briefOf([bare]);
    for (const word of [
      'value',
      'trend',
      'Growth',
      'interests',
      'Traits',
      'Recommendation',
      'Confidence',
      'Total',
      '$',
      'NaN',
      'undefined',
    ]) {
      assert.ok(!brief.includes(word), `${word} is shown:\n${brief}`);
    }
    assert.match(brief, /No suggestion: nobody would have been in it 30 days before/);
  });

  it('says so when there is nobody yet', () => {
    const brief = briefOf([]);
    assert.match(brief, /Nobody to group yet/);
    assert.match(brief, /as of 2025-12-28 08:00 UTC/);
  });

  it("is in the tenant's currency", () => {
    const yen = threeSegments.map(({ statistics, ...rest }) => ({ ...rest, statistics: { ...statistics, currency: 'JPY' } }));
    const brief = briefOf(yen, 'JPY');
    assert.match(brief, /Avg\. value: ¥12,050\/user/);
    assert.match(brief, /money in JPY/);
    assert.ok(!brief.includes('$'));
  });
});

describe('the A/B tests in a brief', () => {
  const test = judged({ applyTo: 'welcome' });
  const steady = Array.from({ length: 8 }, (_, day) => ({ atMs: (day + 1) * DAY_MS, exposed: 150 * (day + 1) }));
  const finding: TestFinding = {
    testId: 'test_1',
    design: test.design,
    standing: 'decided',
    startedAtMs: 0,
    asOfMs: 8.1 * DAY_MS,
    plannedUsers: 2_400,
    audienceName: 'New Customers',
    look: takeLook(test, null, twoArms(8, [600, 100], [600, 160])),
    volume: monthlyVolume(test.design, 0, steady),
  };
  const running: TestFinding = {
    ...finding,
    testId: 'test_2',
    design: { ...test.design, name: 'Send time' },
    standing: 'running',
    asOfMs: 3.1 * DAY_MS,
    look: takeLook(test, null, twoArms(3, [100, 18], [100, 19])),
  };
  const young: TestFinding = { ...running, testId: 'test_3', design: { ...test.design, name: 'Offer' }, look: null };
  const kept: TestFinding = {
    ...finding,
    testId: 'test_4',
    design: { ...test.design, name: 'Emoji' },
    look: takeLook(test, null, twoArms(20, [1200, 240], [1200, 243])),
  };
  const withTests = (tests: readonly TestFinding[], winners: readonly string[], segments = threeSegments): string => {
    const { suggestions, silences } = suggest(segments, CONTEXT);
    const context = { ...CONTEXT, asOf: AS_OF, currency: 'USD' };
    const won = tests
      .filter(({ testId }) => winners.includes(testId))
      .map(({ testId, design, startedAtMs, look, volume }) => {
        assert.ok(look);
        return testWinner({ testId, design: { ...design, applyTo: 'welcome' }, startedAtMs, look, volume }, context);
      });
    const audiences = segments.map(({ segmentId, statistics }) => ({ segmentIds: [segmentId], users: statistics.users }));
    const all = [...suggestions, ...won];
    const payload = payloadOf({ tenantId: CONTEXT.tenantId, asOf: AS_OF, suggestions: all, audiences, moneyDigits: 2 });
    return renderBrief({
      tenantName: 'Acme',
      asOf: AS_OF,
      currency: 'USD',
      segments,
      payload,
      silences,
      tests,
      nextTests: [],
      campaigns: [],
      outreach: [],
      ...CONTEXT,
    });
  };

  it('are the winner with its whole report, and each other test in a line', () => {
    assert.equal(withTests([finding, running, young, kept], ['test_1']), golden('brief-with-tests.txt'));
  });

  it('lead to what to test next, the most promising three, with what each rests on', () => {
    const changes = [{ trait: 'personalised_subject', sign: 1 }] as const;
    const learning = { channel: 'email', metric: 'conversion_rate', verdict: 'winner', variationId: 'personal', changes } as const;
    const evidence = evidenceOfTraits([{ ...learning, testId: 'test_1', effect: 0.6, standardError: 0.15 }], { mean: 0, deviation: 0.1 });
    const context = { baselineRate: 0.2, alpha: 0.05, power: 0.8, durationDays: 14, possible: traits, running: [] };
    const text = nextTestLines([{ channel: 'email', metric: 'conversion_rate', hypotheses: nextHypotheses(evidence, context) }]).join('\n');
    assert.match(text, /^🔬 To test next \(email, conversion rate\):\n/);
    const folded = text.replaceAll(/\s+/g, ' ');
    assert.match(folded, /- A subject that names the reader raises the rate by \+\d+ % or more\. 1 test so far: \+\d+ % after shrinkage/);
    assert.match(folded, /Never tried here; .* Needs [\d,]+ users an arm\./);
    assert.equal([...text.matchAll(/^ {3}- /gm)].length, 3);
    assert.deepEqual(nextTestLines([{ channel: 'email', metric: 'ctr', hypotheses: [] }]), []);
  });

  it('are the first ten where there are many', () => {
    const many = Array.from({ length: 1_234 }, (_, i) => ({ ...running, testId: `test_${i}` }));
    const text = withTests(many, []);
    assert.equal([...text.matchAll(/A\/B test "Send time" runs/g)].length, 10);
    assert.match(text, /^🧪 1,224 more A\/B tests run\.$/m);
  });

  it('are told without segments too', () => {
    const text = withTests([finding, running], ['test_1'], []);
    assert.match(text, /✅ Winner: "Personal"/);
    assert.match(text, /Total: [\d,]+ conversions a year by winners of A\/B tests/);
  });

  it('say that a winner was applied, and do not offer it again', () => {
    const text = withTests([{ ...finding, standing: 'applied' }], []);
    assert.match(text.replaceAll(/\s+/g, ' '), /A\/B test "Welcome subject" has ended\. "Personal" is better .* end\. It was applied\. /);
    assert.doesNotMatch(text, /Apply winner/);
  });
});
