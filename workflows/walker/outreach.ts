import { proxyActivities } from '@temporalio/workflow';
import type { OutreachActivities } from '../../activities/outreach/outreach.js';
import type { WalkCounts } from './contract.js';
import type { OpenWalk, Steps } from './phase.js';

// Retried until the day is no longer worth walking: plans are the same bytes, drafts and reservations are rows that are there once.
// A beat tells within ten seconds that a worker died.
const { listOutreachChannels, planOutreach, draftOutreach, launchOutreach } = proxyActivities<OutreachActivities>({
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Campaigns are planned for each segment, channels side by side; then drafted, and launched where the tenant lets a walk do so. */
export async function outreach(walk: OpenWalk, { expect, step }: Steps): Promise<WalkCounts> {
  expect(1);
  const channels = await step(listOutreachChannels.executeWithOptions({ summary: 'See on which channels can be sent' }, []));
  if (channels.length === 0) return {};
  expect(channels.length + 2);
  const planned = await Promise.all(
    channels.map((channel) =>
      step(planOutreach.executeWithOptions({ summary: `Plan campaigns: ${channel.replace('_', '-')}` }, [{ ...walk, channel }])),
    ),
  );
  const drafts = await step(draftOutreach.executeWithOptions({ summary: 'Draft what is planned' }, [{ ...walk, channels }]));
  const { launched, waiting } = await step(launchOutreach.executeWithOptions({ summary: 'Launch what may launch by itself' }, [walk]));
  return counted({
    'campaigns planned': planned.reduce((sum, { plans }) => sum + plans, 0),
    'drafts written': drafts.drafted + drafts.renewed,
    'drafts withdrawn': drafts.withdrawn,
    'campaigns launched': launched,
    'campaigns waiting': waiting,
  });
}

/** A walk that planned nothing does not speak of it. */
const counted = (counts: WalkCounts): WalkCounts => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
