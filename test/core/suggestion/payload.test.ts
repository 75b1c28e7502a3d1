import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { projectRoot } from '../../../config.js';
import { parseLocalDate, parseTenantId } from '../../../core/ids.js';
import { archetypes } from '../../../core/segment/statistics.js';
import type { SegmentFinding } from '../../../core/suggestion/evidence.js';
import { suggestionId } from '../../../core/suggestion/id.js';
import { isAboutSegment, suggestionsJsonSchema, SuggestionsPayload } from '../../../core/suggestion/payload.js';
import { suggest } from '../../../core/suggestion/suggest.js';
import { payloadOf } from '../../../core/suggestion/summary.js';
import { AS_OF, CONTEXT, segment, threeSegments } from '../../harness/segments.js';

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
formats.default(ajv);
const validate = ajv.compile(suggestionsJsonSchema());

const alone = (segments: readonly SegmentFinding[]) =>
  segments.map(({ segmentId, statistics }) => ({ segmentIds: [segmentId], users: statistics.users }));
const payloadFor = (segments: readonly SegmentFinding[]) =>
  payloadOf({
    tenantId: CONTEXT.tenantId,
    asOf: AS_OF,
    suggestions: suggest(segments, CONTEXT).suggestions,
    audiences: alone(segments),
    moneyDigits: 2,
  });

describe('the payload for En Garde', () => {
  it('is valid by its JSON Schema', () => {
    assert.ok(validate(payloadFor(threeSegments)), JSON.stringify(validate.errors));
  });

  it('has that schema as a file, for those who do not run our code', () => {
    const path = join(projectRoot, 'core/suggestion/payload.schema.json');
    const written: unknown = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(
      written,
      suggestionsJsonSchema(),
      'write the output of suggestionsJsonSchema() to core/suggestion/payload.schema.json',
    );
  });

  it('has the fields of the format at its top', () => {
    const { suggestions, ...top } = payloadFor(threeSegments) ?? {};
    assert.equal(suggestions?.length, 2);
    assert.deepEqual(top, {
      agent_type: 'audience_intelligence',
      tenant_id: '550e8400-e29b-41d4-a716-446655440000',
      timestamp: AS_OF,
      priority: 'high',
      summary: {
        total_suggestions: 2,
        high_priority: 2,
        medium_priority: 0,
        low_priority: 0,
        total_estimated_impact: { revenue_opportunity: 52_000, users_affected: 2_800, conversion_improvements: 30 },
      },
    });
  });

  it('is not made when there is nothing to suggest', () => {
    assert.equal(payloadFor([]), undefined);
  });

  it('is refused by the schema when a field is missing, of another kind, or out of its range', () => {
    const good = JSON.stringify(payloadFor(threeSegments));
    for (const [from, to] of [
      ['"audience_intelligence"', '"another"'],
      ['"conversion_probability":0.5', '"conversion_probability":1.5'],
      ['"potential_revenue":32000', '"potential_revenue":"$32K"'],
      ['"template":"feature_highlight"', '"template":"anything"'],
      ['"tenant_id":"550e8400', '"tenant_id":"x'],
      ['"total_suggestions":2,', ''],
    ] as const) {
      assert.ok(good.includes(from), from);
      assert.ok(!validate(JSON.parse(good.replace(from, to))), `${to} is accepted`);
    }
  });

  it('counts a user of overlapping audiences once, with the larger of what is expected', () => {
    const { suggestions } = suggest(threeSegments, CONTEXT);
    const audiences = [
      { segmentIds: ['seg_champions'], users: 600 },
      { segmentIds: ['seg_champions', 'seg_loyal'], users: 200 },
      { segmentIds: ['seg_loyal'], users: 1_800 },
      { segmentIds: ['seg_elsewhere'], users: 5_000 },
    ];
    const payload = payloadOf({ tenantId: CONTEXT.tenantId, asOf: AS_OF, suggestions, audiences, moneyDigits: 2 });
    assert.deepEqual(payload?.summary.total_estimated_impact, {
      users_affected: 2_600,
      revenue_opportunity: 50_000, // 800 x 40 + 1,800 x 10
      conversion_improvements: 30, // 2,000 x 0.015: of the 200 only the loyal suggestion expects any
    });
  });
});

const money = fc.integer({ min: -1_000_000, max: 10_000_000_000 });
const anySegment = (index: number) =>
  fc
    .record({
      users: fc.oneof(fc.constantFrom(0, 1, 3, 10, 29, 30), fc.integer({ min: 0, max: 5_000_000 })),
      archetype: fc.constantFrom(...archetypes),
      currency: fc.constantFrom('USD', 'JPY', 'BHD'),
      before: fc.oneof(fc.constantFrom(0, 1, 29, 30), fc.integer({ min: 0, max: 5_000_000 })),
      convertedShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      spent: fc.option(money, { nil: undefined }),
      value: fc.option(money, { nil: undefined }),
      movedUp: fc.double({ min: 0, max: 1, noNaN: true }),
      hasCohort: fc.boolean(),
      engagement: fc.record({ last30Days: fc.nat(), previous30Days: fc.nat() }),
    })
    .map(({ before, convertedShare, spent, value, movedUp, hasCohort, ...rest }) => {
      const moved = Math.floor(movedUp * before);
      return segment(String(index), `Segment ${index}`, {
        ...rest,
        ...(value !== undefined && { avgMonetaryMinor: value }),
        ...(hasCohort && {
          cohort: {
            users: before,
            ...(convertedShare !== undefined && { converted: Math.floor(convertedShare * before) }),
            ...(spent !== undefined && { spentMinor: spent }),
            movedTo: { [`seg_${index}`]: before - moved, [`seg_${(index + 1) % 3}`]: moved },
          },
        }),
      });
    });

describe('suggestions for any audience', () => {
  it('are valid: no figure is NaN, infinite, negative where it cannot be, or out of its range', () => {
    fc.assert(
      fc.property(fc.tuple(anySegment(0), anySegment(1), anySegment(2)), (segments) => {
        const payload = payloadFor(segments);
        if (!payload) return;
        // JSON turns NaN and infinities into null, which the schema refuses.
        const sent: unknown = JSON.parse(JSON.stringify(payload));
        assert.ok(validate(sent), JSON.stringify(validate.errors));
        assert.ok(SuggestionsPayload.safeParse(sent).success);
        const { total_estimated_impact: total } = payload.summary;
        const sum = payload.suggestions.filter(isAboutSegment).reduce((all, { impact }) => all + (impact.potential_revenue ?? 0), 0);
        assert.ok(Math.abs((total.revenue_opportunity ?? 0) - sum) <= 0.01 + sum * 1e-9, 'disjoint audiences add up');
      }),
      { numRuns: 500 },
    );
  });

  it('are the same, in the same order, in whatever order the segments come', () => {
    fc.assert(
      fc.property(fc.tuple(anySegment(0), anySegment(1), anySegment(2)), (segments) => {
        assert.deepEqual(suggest(segments.toReversed(), CONTEXT).suggestions, suggest(segments, CONTEXT).suggestions);
      }),
    );
  });
});

describe('the id of a suggestion', () => {
  const subject = { ...CONTEXT, type: 'segment_opportunity', subject: 'seg_1' };

  it('is derived: the same for ever', () => {
    assert.equal(suggestionId(subject), 'sg_aud_5535a83962558fb70f87');
  });

  it('differs by tenant, date, type and subject, however they are cut', () => {
    const others = [
      { ...subject, tenantId: parseTenantId('550e8400-e29b-41d4-a716-446655440001') },
      { ...subject, walkDate: parseLocalDate('2025-12-29') },
      { ...subject, type: 'churn_prevention' },
      { ...subject, subject: 'seg_2' },
      { ...subject, type: 'segment_opportunity","seg_1', subject: '' },
    ];
    assert.equal(new Set([subject, ...others].map(suggestionId)).size, 6);
  });
});
