import { proxyActivities } from '@temporalio/workflow';
import type { SegmentationActivities } from '../../activities/segmentation/segmentation.js';
import type { WalkingActivities } from '../../activities/walking/walking.js';
import type { WalkCounts } from './contract.js';
import type { OpenWalk, Steps } from './phase.js';

// Retried until the day is no longer worth walking: each scan writes under keys of its own, so that a second try writes the
// same again. A beat every few seconds tells within ten that a worker has died; half an hour bounds one that hangs.
const scans = proxyActivities<WalkingActivities & SegmentationActivities>({
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Pins the lake, then: features of each bucket · one model for all · memberships of each bucket · publication. */
export async function segmentation(walk: OpenWalk, { expect, step }: Steps): Promise<WalkCounts> {
  expect(1);
  const lake = await step(scans.updateLake.executeWithOptions({ summary: 'Bring the lake up to the moment of the walk' }, [walk]));
  expect(2 * lake.buckets + 2);
  const buckets = Array.from({ length: lake.buckets }, (_, bucket) => bucket);
  const ofAll = (bucket: number) => `bucket ${bucket + 1} of ${lake.buckets}`;
  await Promise.all(
    buckets.map((bucket) =>
      step(scans.computeFeatures.executeWithOptions({ summary: `Features: ${ofAll(bucket)}` }, [{ ...walk, bucket }])),
    ),
  );
  const model = await step(scans.fitModel.executeWithOptions({ summary: 'Fit the segments on a sample, and name them' }, [walk]));
  await Promise.all(
    buckets.map((bucket) =>
      step(scans.assignBucket.executeWithOptions({ summary: `Memberships: ${ofAll(bucket)}` }, [{ ...walk, bucket }])),
    ),
  );
  const published = await step(scans.publishSegments.executeWithOptions({ summary: 'Publish the segments and their members' }, [walk]));
  return {
    events: lake.events,
    users: model.users,
    segments: published.segments,
    'memberships changed': published.memberships,
  };
}
