import type { CampaignRequest, PlanFault } from '../journey/campaign-request.js';
import { campaignChannels } from '../journey/triggers.js';

/** On which messages are sent today. A plan knows more channels; a step on one of those is refused until it is finished. */
export const availableChannels: readonly string[] = ['email', 'sms', 'whatsapp', 'push', 'in_app'];

/** What a campaign asks for that is understood and cannot be done yet: absent, rather than done in part. */
export function unavailableFaults({ sequence }: CampaignRequest): PlanFault[] {
  return sequence.flatMap(({ channel }, i) => channelFaults(channel, `sequence[${i}].channel`));
}

function channelFaults(channel: string, field: string): PlanFault[] {
  const isLater = campaignChannels.some((one) => one === channel) && !availableChannels.includes(channel);
  return isLater ? [{ field, message: unavailableChannel(channel) }] : [];
}

const unavailableChannel = (channel: string): string =>
  `${channel} is not available yet; ${availableChannels.slice(0, -1).join(', ')} and ${availableChannels.at(-1)} are`;
