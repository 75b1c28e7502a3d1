import type { CampaignRequest } from '../journey/campaign-request.js';

/**
 * What a campaign is about: whom, on which channel, by which entry, and with what it begins. Two campaigns of one subject would say the
 * same to the same people, so a walk drafts no second one.
 */
export type Subject = { readonly channel: string; readonly request: CampaignRequest };

/** `seg_1/email/members/win_back`; of a campaign that people enter by an event, its name in place of `members`. */
export function planIdOf({ channel, request: { segment, entry, sequence } }: Subject): string {
  const by = typeof entry === 'object' ? entry.event : 'members';
  return [segment ?? 'anybody', channel, by, sequence[0]?.template ?? ''].join('/');
}
