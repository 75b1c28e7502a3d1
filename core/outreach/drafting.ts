import { isDeepStrictEqual } from 'node:util';
import type { CampaignStatus } from '../campaign/lifecycle.js';
import type { MessageChannel } from '../consent/quiet-hours.js';
import type { LocalDate } from '../ids.js';
import type { CampaignRequest } from '../journey/campaign-request.js';

/** Who has written a campaign, or a version of its plan, where a walk did. */
export const walkAuthor = (walkDate: LocalDate): string => `walk/${walkDate}`;
export const isWalkAuthor = (by: string): boolean => by.startsWith('walk/');

/** A campaign of a plan's subject that is there already, or ended lately. */
export type Standing = {
  readonly campaignId: number;
  readonly campaignKey: string;
  readonly channel: MessageChannel;
  readonly planId: string;
  readonly name: string | null;
  readonly status: CampaignStatus;
  readonly request: CampaignRequest;
  /** Who has written the version that is in force: an id of a key, of a suggestion or of a walk. */
  readonly writtenBy: string;
  /** A walk has taken it back. */
  readonly isWithdrawn: boolean;
};

/**
 * What a walk does about a plan.
 *
 * - draft: writes one.
 * - renew: its own open draft gets the plan of today as its next version.
 * - open: there is an open draft that says the same, or that a person has written.
 * - running: such a campaign runs or is paused.
 * - rested: one has ended within the last 30 days: people are not told the same again at once, and what a person has cancelled stays so.
 */
export type DraftDecision =
  { readonly kind: 'draft' } | { readonly kind: 'renew' | 'open' | 'running' | 'rested'; readonly campaign: Standing };

export type Drafted = { readonly planId: string; readonly name: string; readonly request: CampaignRequest };

/** For how long a subject rests after a campaign of it has ended. */
export const RESTS_DAYS = 30;

/** Decides upon a plan by the campaigns of its subject; of several the one that is furthest counts. */
export function decideDraft({ planId, name, request }: Drafted, standing: readonly Standing[]): DraftDecision {
  const same = standing.filter((one) => one.planId === planId && !one.isWithdrawn);
  const runs = same.find(({ status }) => status === 'running' || status === 'paused');
  if (runs) return { kind: 'running', campaign: runs };
  const drafts = same.filter(({ status }) => status === 'draft');
  const draft = drafts.find(({ writtenBy }) => !isWalkAuthor(writtenBy)) ?? drafts[0];
  if (draft) {
    const isAsPlanned = draft.name === name && isDeepStrictEqual(draft.request, request);
    const kind = isAsPlanned || !isWalkAuthor(draft.writtenBy) ? 'open' : 'renew';
    return { kind, campaign: draft };
  }
  const [ended] = same;
  return ended ? { kind: 'rested', campaign: ended } : { kind: 'draft' };
}

/** Drafts of walks that nobody has launched or changed and that the walk of today does not plan, or that stand beside another one. */
export function draftsToWithdraw(plans: readonly Drafted[], standing: readonly Standing[]): Standing[] {
  const kept = new Set(
    plans.flatMap((plan) => {
      const decision = decideDraft(plan, standing);
      return decision.kind === 'renew' || decision.kind === 'open' ? [decision.campaign.campaignKey] : [];
    }),
  );
  return standing.filter(({ campaignKey, status, writtenBy }) => status === 'draft' && isWalkAuthor(writtenBy) && !kept.has(campaignKey));
}
