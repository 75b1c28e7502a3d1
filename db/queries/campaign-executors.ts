import { z } from 'zod';
import { campaignFromAction } from '../../core/campaign/from-action.js';
import { DomainError } from '../../core/errors.js';
import type { PlanFault } from '../../core/journey/campaign-request.js';
import { USUAL_GOAL } from '../../core/suggestion/test-from-action.js';
import type { TenantTransaction } from '../client.js';
import { createCampaign } from './campaign-creation.js';
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
  const written = await createCampaign(tx, { tenantId, wish: { name, request }, by: suggestion.suggestionId, at });
  if (written.kind === 'refused') return { kind: 'failed', reason: inWords(written.faults) };
  return { kind: 'started', reference: written.campaign.campaignKey, note: notes.join('; ') };
}

const inWords = (faults: readonly PlanFault[]): string => faults.map(({ field, message }) => `${field}: ${message}`).join('; ');
