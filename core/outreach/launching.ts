import type { MessageChannel } from '../consent/quiet-hours.js';
import type { CampaignRequest } from '../journey/campaign-request.js';

/** How many messages a week campaigns that launch by themselves may come to, by channel. On a channel without one nothing does. */
export type LaunchBudgets = Readonly<Partial<Record<MessageChannel, number>>>;

/** Why only a person can launch such a campaign, whatever the budget; nothing where a walk may. */
export function needsPerson({ entry, frequency, sequence }: CampaignRequest): string | undefined {
  if ((entry !== undefined && entry !== 'launch') || frequency !== undefined) {
    return 'people enter it again and again, so that nobody knows how many messages it will be';
  }
  const gives = sequence.some(({ offer, incentive }) => offer !== undefined || incentive !== undefined);
  return gives ? 'it gives something away, which a person has to agree to' : undefined;
}
