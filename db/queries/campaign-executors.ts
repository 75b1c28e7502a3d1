import { z } from 'zod';
import { campaignFromAction } from '../../core/campaign/from-action.js';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { PlanFault } from '../../core/journey/campaign-request.js';
import { isWalkAuthor, type Standing } from '../../core/outreach/drafting.js';
import { planIdOf, type Subject } from '../../core/outreach/subject.js';
import { USUAL_GOAL } from '../../core/suggestion/test-from-action.js';
import type { TenantTransaction } from '../client.js';
import { createCampaign, takeOverDraft } from './campaign-creation.js';
import { holdOutreach, standingCampaigns } from './outreach-plans.js';
import type { ExecutorCommand, ExecutorOutcome, Executors } from './suggestion-responses.js';
import { readTenant } from './tenants.js';

const AboutSegment = z.object({ segment: z.object({ segment_id: z.string() }) });

type CreateCommand = ExecutorCommand<Extract<ExecutorCommand['action'], { action_type: 'create_campaign' }>>;

/** What does what suggestions recommend about campaigns. It writes drafts: a person launches them. */
export const createCampaignExecutors = (now: () => Date): Pick<Executors, 'create_campaign'> => ({
  async create_campaign(tx, command) {
    try {
      return await tx.transaction((inner) => draftCampaign(inner, command, now()));
    } catch (error) {
      if (error instanceof DomainError) return { kind: 'failed', reason: error.message };
      throw error;
    }
  },
});

async function draftCampaign(tx: TenantTransaction, { tenantId, suggestion, action }: CreateCommand, at: Date): Promise<ExecutorOutcome> {
  const about = AboutSegment.safeParse(suggestion.payload).data;
  if (!about) return { kind: 'failed', reason: 'the suggestion is about no segment that a campaign could be for' };
  const tenant = await readTenant(tx, tenantId);
  const goal = tenant && Object.hasOwn(tenant.goals, USUAL_GOAL) ? USUAL_GOAL : null;
  const draft = campaignFromAction(action, { segmentId: about.segment.segment_id, goal });
  if (draft.kind === 'not_available') return { kind: 'not_available', reason: draft.because };
  const { name, request, notes } = draft;
  const writing = { tenantId, wish: { name, request }, by: suggestion.suggestionId, at };
  const planned = await draftOfWalk(tx, tenantId, { channel: action.channel, request }, at);
  const written = await (planned ? takeOverDraft(tx, { ...writing, campaignKey: planned.campaignKey }) : createCampaign(tx, writing));
  if (written.kind === 'refused') return { kind: 'failed', reason: inWords(written.faults) };
  const origin = planned ? [`a walk had drafted it (${written.campaign.createdBy})`] : [];
  return { kind: 'started', reference: written.campaign.campaignKey, note: [...notes, ...origin].join('; ') };
}

/** The open draft that a walk has written of the same: it becomes the suggestion's, and no walk touches it any more. */
async function draftOfWalk(tx: TenantTransaction, tenantId: TenantId, subject: Subject, asOf: Date): Promise<Standing | undefined> {
  await holdOutreach(tx, tenantId);
  const standing = await standingCampaigns(tx, tenantId, { channels: [subject.channel], asOf });
  const planId = planIdOf(subject);
  return standing.find((one) => one.planId === planId && one.status === 'draft' && isWalkAuthor(one.writtenBy));
}

const inWords = (faults: readonly PlanFault[]): string => faults.map(({ field, message }) => `${field}: ${message}`).join('; ');
