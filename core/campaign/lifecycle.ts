/**
 * Where a campaign is in its life.
 *
 * - draft: may be changed and is sent to nobody.
 * - running: its audience is frozen, its journeys move.
 * - paused: nothing is sent; reactions are noted, time-outs run on.
 * - cancelled: a person ended it. Messages that were on their way still arrive; nothing follows them.
 * - finished: every journey is over.
 */
export const campaignStatuses = ['draft', 'running', 'paused', 'cancelled', 'finished'] as const;
export type CampaignStatus = (typeof campaignStatuses)[number];

/** What a person may ask of a campaign. */
export const campaignChanges = ['launch', 'pause', 'resume', 'cancel'] as const;
export type CampaignChange = (typeof campaignChanges)[number];

export type CampaignAnswer =
  | { readonly kind: 'done'; readonly status: CampaignStatus }
  /** It was so before. */
  | { readonly kind: 'unchanged'; readonly status: CampaignStatus }
  | { readonly kind: 'refused'; readonly because: string };

type Move = { readonly from: readonly CampaignStatus[]; readonly to: CampaignStatus; readonly refusal: string };

const MOVES: Readonly<Record<CampaignChange, Move>> = {
  launch: { from: ['draft'], to: 'running', refusal: 'a campaign is launched once, and this one is over' },
  pause: { from: ['running'], to: 'paused', refusal: 'only a running campaign can be paused' },
  resume: { from: ['paused'], to: 'running', refusal: 'only a paused campaign can be resumed' },
  cancel: { from: ['draft', 'running', 'paused'], to: 'cancelled', refusal: 'a finished campaign cannot be cancelled' },
};

/** What a change makes of a campaign. Whoever asks for what is so already is told that nothing changed. */
export function changeCampaign(status: CampaignStatus, change: CampaignChange): CampaignAnswer {
  const { from, to, refusal } = MOVES[change];
  if (from.includes(status)) return { kind: 'done', status: to };
  const isSo = status === to || (change === 'launch' && status === 'paused');
  if (isSo && !(change === 'resume' && status === 'draft')) return { kind: 'unchanged', status };
  return { kind: 'refused', because: `${refusal} (it is ${status === 'draft' ? 'a draft' : status})` };
}
