import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../config.js';
import { renderBrief, type BriefInput } from '../../../core/brief/brief.js';
import type { SegmentFinding } from '../../../core/suggestion/evidence.js';
import { suggest } from '../../../core/suggestion/suggest.js';
import { payloadOf } from '../../../core/suggestion/summary.js';
import { AS_OF, CONTEXT, segment, threeSegments } from '../../harness/segments.js';

function briefOf(segments: readonly SegmentFinding[], currency = 'USD'): string {
  const { suggestions, silences } = suggest(segments, CONTEXT);
  const audiences = segments.map(({ segmentId, statistics }) => ({ segmentIds: [segmentId], users: statistics.users }));
  const payload = payloadOf({ tenantId: CONTEXT.tenantId, asOf: AS_OF, suggestions, audiences, moneyDigits: 2 });
  const input: BriefInput = { tenantName: 'Acme', asOf: AS_OF, currency, segments, payload, silences, ...CONTEXT };
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
