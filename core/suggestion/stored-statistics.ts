import { z } from 'zod';
import { archetypes, type SegmentStatistics } from '../segment/statistics.js';

const Count = z.int().min(0);
const Spend = z.object({ last30Days: z.number(), previous30Days: z.number(), total: z.number() });
const Growth = z.object({ asOf: z.string(), usersBefore: Count, rate: z.number().exactOptional() });
const Cohort = z.object({
  users: Count,
  converted: Count.exactOptional(),
  spentMinor: z.number().exactOptional(),
  movedTo: z.record(z.string(), Count),
});
const ChannelRate = z.object({ users: Count, delivered: Count, engaged: Count, rate: z.number() });

const Statistics: z.ZodType<SegmentStatistics> = z.object({
  asOf: z.iso.datetime(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  archetype: z.enum(archetypes),
  users: Count,
  share: z.number(),
  avgRecencyDays: z.number(),
  avgFrequency30d: z.number(),
  avgFrequency: z.number(),
  avgMonetaryMinor: z.number().exactOptional(),
  avgOrderValueMinor: z.number().exactOptional(),
  avgEngagementValue: z.number(),
  avgTenureDays: z.number(),
  avgTrend: z.number(),
  avgEngagementScore: z.number(),
  engagement: z.object({ last30Days: Count, previous30Days: Count }),
  spendMinor: Spend.exactOptional(),
  growth: Growth.exactOptional(),
  cohort: Cohort.exactOptional(),
  topInterests: z.array(z.object({ category: z.string(), share: z.number() })).exactOptional(),
  channelRates: z.record(z.string(), ChannelRate).exactOptional(),
  traits: z.array(z.string()),
  strategy: z.string(),
});

/** Statistics as they came back from the database; throws a RangeError that names the segment and what is wrong. */
export function parseSegmentStatistics(segmentId: string, stored: unknown): SegmentStatistics {
  const parsed = Statistics.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new RangeError(`the statistics of ${segmentId} are not what a walk writes: ${z.prettifyError(parsed.error)}`);
}
