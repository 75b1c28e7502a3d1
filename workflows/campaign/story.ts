import type { CampaignSummary } from './contract.js';

const WORDS: Readonly<Record<CampaignSummary['status'], string>> = {
  draft: 'is a draft and waits for its launch',
  running: 'is running',
  paused: 'is paused: nothing is sent, reactions are noted',
  cancelled: 'was cancelled',
  finished: 'is finished: every journey is over',
};

/** A campaign in the Temporal UI: how many it is for, and where they are carried. */
export function storyOf(campaignId: string, summary: CampaignSummary, startedBatches: number): string {
  const { status, launchedAt, recipients, batches, next } = summary;
  return [
    `**${campaignId}** ${WORDS[status]}.`,
    ...(launchedAt === null ? [] : [`It was launched ${minuteOf(launchedAt)} UTC.`]),
    ...(recipients === null
      ? []
      : [`Its audience of ${recipients} is in ${batches ?? 0} batches, of which ${startedBatches} were started.`]),
    ...(next ? [`Its segment enters for the ${next.number}. time at ${minuteOf(new Date(next.dueMs).toISOString())} UTC.`] : []),
  ].join('\n\n');
}

const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ');
