import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { campaignFromAction, type NewCodes } from '../../core/campaign/from-action.js';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { PlanFault } from '../../core/journey/campaign-request.js';
import { formatNumber } from '../../core/numbers.js';
import { isWalkAuthor, type Standing } from '../../core/outreach/drafting.js';
import { planIdOf, type Subject } from '../../core/outreach/subject.js';
import { USUAL_GOAL } from '../../core/suggestion/test-from-action.js';
import type { TenantTransaction } from '../client.js';
import { findSegment } from './audience.js';
import { createCampaign, takeOverDraft } from './campaign-creation.js';
import { makeCodes } from './offer-codes.js';
import { createOffer } from './offers.js';
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

async function draftCampaign(tx: TenantTransaction, command: CreateCommand, at: Date): Promise<ExecutorOutcome> {
  const { tenantId, suggestion, position, action } = command;
  const about = AboutSegment.safeParse(suggestion.payload).data;
  if (!about) return { kind: 'failed', reason: 'the suggestion is about no segment that a campaign could be for' };
  const tenant = await readTenant(tx, tenantId);
  const goal = tenant && Object.hasOwn(tenant.goals, USUAL_GOAL) ? USUAL_GOAL : null;
  const segmentId = about.segment.segment_id;
  const draft = campaignFromAction(action, { segmentId, goal, offerKey: `off_${suggestion.suggestionId}_${position}` });
  if (draft.kind === 'not_available') return { kind: 'not_available', reason: draft.because };
  const { name, request, codes, notes } = draft;
  const made = codes ? [await makeOffer(tx, command, { codes, segmentId, at })] : [];
  const writing = { tenantId, wish: { name, request }, by: suggestion.suggestionId, at };
  const planned = await draftOfWalk(tx, tenantId, { channel: action.channel, request }, at);
  const written = await (planned ? takeOverDraft(tx, { ...writing, campaignKey: planned.campaignKey }) : createCampaign(tx, writing));
  if (written.kind === 'refused') throw new DomainError('invalid', inWords(written.faults)); // nothing of it stays
  const origin = planned ? [`a walk had drafted it (${written.campaign.createdBy})`] : [];
  return { kind: 'started', reference: written.campaign.campaignKey, note: [...notes, ...made, ...origin].join('; ') };
}

/** Of more, the preflight says that they are missing. */
const MADE_AT_ONCE = 20_000;

/** Makes an offer with a code for each member of the segment, and says what is left to do with it. */
async function makeOffer(
  tx: TenantTransaction,
  { tenantId, suggestion }: CreateCommand,
  { codes, segmentId, at }: { readonly codes: NewCodes; readonly segmentId: string; readonly at: Date },
): Promise<string> {
  const { offerKey, words, pattern } = codes;
  const { offer } = await createOffer(tx, { tenantId, offerKey, words, pattern, createdBy: suggestion.suggestionId, createdAt: at });
  const members = (await findSegment(tx, tenantId, segmentId))?.userCount ?? 0;
  const inAll = Math.min(members, MADE_AT_ONCE);
  await makeCodes(tx, { ...offer, pattern }, { inAll, randomBytes });
  return `each person gets a code of the offer ${offerKey}, which has ${formatNumber(inAll)}: the shop has to know them (GET /v1/offers/${offerKey}/codes)`;
}

/** The open draft that a walk has written of the same: it becomes the suggestion's, and no walk touches it any more. */
async function draftOfWalk(tx: TenantTransaction, tenantId: TenantId, subject: Subject, asOf: Date): Promise<Standing | undefined> {
  await holdOutreach(tx, tenantId);
  const standing = await standingCampaigns(tx, tenantId, { channels: [subject.channel], asOf });
  const planId = planIdOf(subject);
  return standing.find((one) => one.planId === planId && one.status === 'draft' && isWalkAuthor(one.writtenBy));
}

const inWords = (faults: readonly PlanFault[]): string => faults.map(({ field, message }) => `${field}: ${message}`).join('; ');
