import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import { codeOf, failureOf } from '../activities/failures.js';
import { createNotifyingActivities, type NotifyingDependencies } from '../activities/notifying/notifying.js';
import { createOutreachActivities } from '../activities/outreach/outreach.js';
import type { OutreachDependencies } from '../activities/outreach/walk.js';
import { createSegmentationActivities } from '../activities/segmentation/segmentation.js';
import type { SegmentationDependencies } from '../activities/segmentation/walk.js';
import { createTestingActivities, createTestPhaseActivities } from '../activities/testing/testing.js';
import { createWalkingActivities, type WalkingDependencies } from '../activities/walking/walking.js';
import type { WorkerMetrics } from './metrics.js';

export type ActivityDependencies = WalkingDependencies & SegmentationDependencies & NotifyingDependencies & OutreachDependencies;

/** Everything that workflows can ask for, by its name. */
export const createActivities = (dependencies: ActivityDependencies) => ({
  ...createWalkingActivities(dependencies),
  ...createSegmentationActivities(dependencies),
  ...createOutreachActivities(dependencies),
  ...createNotifyingActivities(dependencies),
  ...createTestingActivities(dependencies),
  ...createTestPhaseActivities(dependencies),
});

/** Measures every activity, and translates its errors once: what Temporal shows has a code and holds nothing of anybody's row. */
export const observeActivities =
  ({ observeActivity }: WorkerMetrics) =>
  (context: Context): { inbound: ActivityInboundCallsInterceptor } => ({
    inbound: {
      async execute(input, next) {
        const startedMs = performance.now();
        const observe = (outcome: string) =>
          observeActivity({ type: context.info.activityType, outcome, seconds: (performance.now() - startedMs) / 1000 });
        try {
          const result = await next(input);
          observe('done');
          return result;
        } catch (error) {
          observe(codeOf(error));
          throw failureOf(error, context.info);
        }
      },
    },
  });
