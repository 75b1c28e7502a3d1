import { parseLocalDate, parseTenantId } from '../../core/ids.js';
import type { SegmentStatistics } from '../../core/segment/statistics.js';
import type { SegmentFinding } from '../../core/suggestion/evidence.js';

export const CONTEXT = {
  tenantId: parseTenantId('550e8400-e29b-41d4-a716-446655440000'),
  walkDate: parseLocalDate('2025-12-28'),
  engardeAppUrl: 'https://app.engarde.media',
};
export const AS_OF = '2025-12-28T08:00:00.000Z';

/** Statistics of a segment in which everything is known. */
export function statisticsOf(given: Partial<SegmentStatistics> & { readonly users: number }): SegmentStatistics {
  return {
    asOf: AS_OF,
    currency: 'USD',
    archetype: 'loyal_customers',
    share: given.users / 10_000,
    avgRecencyDays: 12.4,
    avgFrequency30d: 1.25,
    avgFrequency: 8,
    avgEngagementValue: 20,
    avgTenureDays: 300,
    avgTrend: 0.1,
    avgEngagementScore: 40,
    engagement: { last30Days: 1200, previous30Days: 1000 },
    traits: ['buys often'],
    strategy: 'Upsell, cross-sell, loyalty programs',
    ...given,
  };
}

export const segment = (
  key: string,
  name: string,
  statistics: Partial<SegmentStatistics> & { readonly users: number },
): SegmentFinding => ({
  segmentId: `seg_${key}`,
  name,
  statistics: statisticsOf(statistics),
});

/**
 * Three segments whose figures can be worked out by hand. Of the 1,000 loyal ones 30 days before, 200 converted and spent
 * 10,000; 50 are champions now, who spend 40 a head and of whom half convert.
 */
export const threeSegments: readonly SegmentFinding[] = [
  segment('champions', 'Champions', {
    archetype: 'champions',
    users: 800,
    avgMonetaryMinor: 45_000,
    avgOrderValueMinor: 9_000,
    spendMinor: { last30Days: 3_500_000, previous30Days: 3_000_000, total: 36_000_000 },
    growth: { asOf: '2025-11-28T08:00:00.000Z', usersBefore: 500, rate: 0.6 },
    cohort: { users: 500, converted: 250, spentMinor: 2_000_000, movedTo: { seg_champions: 480, seg_loyal: 20 } },
    topInterests: [
      { category: 'Tech', share: 0.5 },
      { category: 'Design', share: 0.25 },
    ],
  }),
  segment('loyal', 'Loyal Customers', {
    archetype: 'loyal_customers',
    users: 2_000,
    avgMonetaryMinor: 12_050,
    spendMinor: { last30Days: 2_500_000, previous30Days: 2_000_000, total: 24_100_000 },
    growth: { asOf: '2025-11-28T08:00:00.000Z', usersBefore: 1_000, rate: 1 },
    cohort: { users: 1_000, converted: 200, spentMinor: 1_000_000, movedTo: { seg_champions: 50, seg_loyal: 900, seg_lost: 50 } },
  }),
  segment('lost', 'Lost', {
    archetype: 'lost',
    users: 7_200,
    avgMonetaryMinor: 2_000,
    engagement: { last30Days: 0, previous30Days: 0 },
    cohort: { users: 7_000, converted: 4, spentMinor: 20_000, movedTo: { seg_lost: 7_000 } },
  }),
];
