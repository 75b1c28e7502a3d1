import type { CampaignRequest, PlanFault } from '../journey/campaign-request.js';
import { frequencies } from '../journey/campaign-request.js';
import { campaignChannels } from '../journey/triggers.js';

/** On which messages are sent today. A plan knows more channels; a step on one of those is refused until it is finished. */
export const availableChannels: readonly string[] = ['email', 'in_app'];

/** What a campaign asks for that is understood and cannot be done yet: absent, rather than done in part. */
export function unavailableFaults({ sequence, entry, frequency, re_entry }: CampaignRequest): PlanFault[] {
  const faults = sequence.flatMap(({ channel }, i) => channelFaults(channel, `sequence[${i}].channel`));
  if (entry === 'segment' || typeof entry === 'object') {
    const when = entry === 'segment' ? 'when somebody comes into the segment' : 'by an event';
    faults.push({ field: 'entry', message: `entry ${when} is not available yet; entry at launch is` });
  }
  if (frequencies.some((one) => one === frequency)) {
    faults.push({
      field: 'frequency',
      message: `${frequency} campaigns are not available yet; a campaign that enters its segment once is`,
    });
  }
  if (re_entry === 'after_leaving' || typeof re_entry === 'object') {
    faults.push({ field: 're_entry', message: 'entering again is not available yet; everybody enters a campaign once' });
  }
  return faults;
}

function channelFaults(channel: string, field: string): PlanFault[] {
  const isLater = campaignChannels.some((one) => one === channel) && !availableChannels.includes(channel);
  return isLater ? [{ field, message: unavailableChannel(channel) }] : [];
}

const unavailableChannel = (channel: string): string => `${channel} is not available yet; ${availableChannels.join(' and ')} are`;
