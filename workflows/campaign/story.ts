import type { CampaignSummary } from './contract.js';

const WORDS: Readonly<Record<CampaignSummary['status'], string>> = {
  draft: 'is a draft and waits for its launch',
  running: 'is running',
  paused: 'is paused: nothing is sent, reactions are noted',
  cancelled: 'was cancelled',
  finished: 'is finished: every journey is over',
};

/** A campaign in the Temporal UI: how many it is for, and where they are carried. */
export function storyOf(campaignId: string, { status, launchedAt, recipients, batches }: CampaignSummary, startedBatches: number): string {
  return [
    `**${campaignId}** ${WORDS[status]}.`,
    ...(launchedAt === null ? [] : [`It was launched ${launchedAt.slice(0, 16).replace('T', ' ')} UTC.`]),
    ...(recipients === null
      ? []
      : [`Its audience of ${recipients} is in ${batches ?? 0} batches, of which ${startedBatches} were started.`]),
  ].join('\n\n');
}
