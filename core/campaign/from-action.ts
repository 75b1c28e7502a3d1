import type { CampaignRequest, StepRequest } from '../journey/campaign-request.js';
import type { CreateCampaign, templates } from '../suggestion/payload.js';
import { LONGEST_INCENTIVE, LONGEST_OFFER_DAYS } from '../journey/offer-faults.js';

type Template = (typeof templates)[number];
type Offer = NonNullable<CreateCampaign['offer']>;

export type DraftFromAction =
  /** The notes are for whoever looks at the draft: what it is, and what is left to them. */
  | {
      readonly kind: 'draft';
      readonly name: string;
      readonly request: CampaignRequest;
      readonly codes: NewCodes | null;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'not_available'; readonly because: string };

export type DraftContext = {
  readonly segmentId: string;
  readonly goal: string | null;
  /** By which an offer is to be known of which each person gets a code; absent: the offer is words alone. */
  readonly offerKey?: string;
};

/** An offer to be made of which each person gets a code, and how its codes look. */
export type NewCodes = { readonly offerKey: string; readonly words: Offer; readonly pattern: string };

/** Two groups of five, so that people can type them; of these there may be a billion. */
const CODE_PATTERN = '#####-#####';

/** What follows a template when a sequence is to be longer than one message: the same mail is not sent again and again. */
const FOLLOWERS: Readonly<Partial<Record<Template, readonly Template[]>>> = {
  welcome_series_1: ['engagement_follow_up', 'feature_highlight', 'educational_series', 'feedback_request'],
  educational_series: ['educational_drip', 'feature_highlight', 'engagement_follow_up', 'feedback_request'],
  educational_drip: ['educational_series', 'feature_highlight', 'engagement_follow_up', 'feedback_request'],
  feature_highlight: ['educational_drip', 'engagement_follow_up', 'educational_series', 'feedback_request'],
  engagement_follow_up: ['feature_highlight', 'educational_drip', 'educational_series', 'feedback_request'],
  conversational_nurture: ['educational_drip', 'feature_highlight', 'engagement_follow_up', 'feedback_request'],
};

/** Days between one message and the next; the last holds for all further ones. */
const GAPS: Readonly<Record<'high' | 'medium' | 'low', readonly number[]>> = { high: [1, 2, 3, 4], medium: [3, 4, 5, 6], low: [7] };

const LONGEST_SERIES = 30;
/** To say the same more often is to pester. */
const MOST_REPETITIONS = 5;

/** The templates of the library that say what a step offers; in others it has to be written into the step's own words. */
const SAYS: Readonly<Record<'offer' | 'incentive', readonly Template[]>> = {
  offer: ['limited_offer', 'win_back'],
  incentive: ['feedback_request'],
};

/**
 * The campaign that a recommended action asks for, as a person would have written it. A series tells something new each time, to
 * everybody who has not reached the goal. Offers, win-backs and requests are said again to those whom the one before did not move,
 * and within the days for which an offer holds.
 */
export function campaignFromAction(action: CreateCampaign, { segmentId, goal, offerKey }: DraftContext): DraftFromAction {
  const { channel, offer, sequence_length: wanted = 1, campaign_name: name } = action;
  const codes = offer && offerKey !== undefined ? codesFor(action, offer, offerKey) : undefined;
  const without = WITHOUT_TEMPLATES.get(channel);
  if (without !== undefined) {
    return {
      kind: 'not_available',
      because: `${without} steps need words of their own, and an action brings none: write it as a campaign`,
    };
  }
  const length = Math.min(wanted, isSeries(action) ? LONGEST_SERIES : MOST_REPETITIONS, offer?.expiry_days ?? Infinity);
  const days = offer ? daysOfOffer(length, offer) : daysOf(length, action.urgency ?? 'medium');
  const request: CampaignRequest = {
    segment: segmentId,
    ...(goal !== null && { goal }),
    ...(action.frequency !== undefined && { frequency: action.frequency }),
    ...(offer && { lifetime_days: lifetimeOf(offer) }),
    sequence: days.map((day, i) => stepOf(action, { day, position: i, hasGoal: goal !== null, offerKey: codes?.offerKey })),
  };
  const notes = [
    `a draft of ${length === 1 ? `one ${messageOf(channel)}` : `${length} ${messageOf(channel)}s`} on ${daysInWords(days)}; nothing is sent before it is launched`,
    ...(action.frequency === undefined ? [] : [`its segment enters again ${EACH[action.frequency]}, until somebody cancels it`]),
    ...(length < wanted ? [`${wanted} were recommended, and there is room for ${length}`] : []),
    ...(offer && offerKey === undefined ? ['no code is made for the offer'] : []),
    ...(channel === 'whatsapp'
      ? ['its templates are those that Meta has approved: PUT /v1/whatsapp-templates/{family} names them, and says what fills their places']
      : unsaid(action, { offer: offer !== undefined, incentive: incentiveOf(action) !== undefined })),
  ];
  return { kind: 'draft', name, request, codes: codes ?? null, notes };
}

/** On these no template has the words. */
const WITHOUT_TEMPLATES: ReadonlyMap<string, string> = new Map([
  ['in_app', 'in-app'],
  ['sms', 'SMS'],
  ['social', 'social'],
  ['push', 'push'],
]);

const EACH = { daily: 'every day', weekly: 'every week', monthly: 'every month' } as const;
const messageOf = (channel: string): string => (channel === 'whatsapp' ? 'WhatsApp message' : 'email');

const isSeries = ({ template }: CreateCampaign): boolean => FOLLOWERS[template] !== undefined;

const incentiveOf = ({ incentive }: CreateCampaign): string | undefined =>
  incentive?.trim().slice(0, LONGEST_INCENTIVE).trim() || undefined;

function daysOf(length: number, urgency: keyof typeof GAPS): number[] {
  const gaps = GAPS[urgency];
  let day = 0;
  return Array.from({ length }, (_, i) => (i === 0 ? 0 : (day += gaps[Math.min(i, gaps.length) - 1] ?? 1)));
}

const lifetimeOf = ({ expiry_days }: Offer): number => Math.min(expiry_days, LONGEST_OFFER_DAYS);

/** Spread over the days of the offer; the last message is a day before its end. */
function daysOfOffer(length: number, offer: Offer): number[] {
  const last = lifetimeOf(offer) - 1;
  return Array.from({ length }, (_, i) => (i === 0 ? 0 : Math.round((i * last) / (length - 1))));
}

/** Where a mail does not say what is offered, nobody would see a code. */
function codesFor({ channel, template }: CreateCampaign, { expiry_days, ...offer }: Offer, offerKey: string): NewCodes | undefined {
  if (channel === 'email' && !SAYS.offer.includes(template)) return undefined;
  return { offerKey, words: { ...offer, expiry_days: Math.min(expiry_days, LONGEST_OFFER_DAYS) }, pattern: CODE_PATTERN };
}

type Place = { readonly day: number; readonly position: number; readonly hasGoal: boolean; readonly offerKey: string | undefined };

function stepOf(action: CreateCampaign, { day, position, hasGoal, offerKey }: Place): StepRequest {
  const { channel, template, offer } = action;
  const incentive = incentiveOf(action);
  const followers = FOLLOWERS[template];
  const series = followers && [template, ...followers];
  return {
    day,
    channel,
    template: series?.[position % series.length] ?? template,
    send_time: 'optimal',
    ...(offer && offerOn(day, offer, { hasSubject: channel === 'email', offerKey })),
    ...(incentive !== undefined && { incentive }),
    ...(position > 0 && !series && reminderOf(template, hasGoal)),
  };
}

/** Who has reached the goal leaves anyway. Openings are not asked for: machines hide too many of them. */
function reminderOf(template: Template, hasGoal: boolean): Pick<StepRequest, 'trigger' | 'else'> {
  const isAnsweredByReaction = template === 'feedback_request' || !hasGoal;
  return isAnsweredByReaction ? { trigger: 'not_engaged', else: 'leave' } : { trigger: 'not_converted' };
}

/** The offer as it still holds on that day; what is said again says how long, where there is a subject to say it in. */
function offerOn(
  day: number,
  { type, value, unit, expiry_days }: Offer,
  { hasSubject, offerKey }: { readonly hasSubject: boolean; readonly offerKey: string | undefined },
): Pick<StepRequest, 'offer' | 'subject'> {
  const left = Math.min(expiry_days, LONGEST_OFFER_DAYS) - day;
  const offer = { ...(offerKey !== undefined && { offer_id: offerKey }), type, value, unit, expiry_days: left };
  if (day === 0 || !hasSubject) return { offer };
  return { offer, subject: left === 1 ? '{{ offer.label }} ends tomorrow' : `{{ offer.label }}: ${left} days left` };
}

function unsaid({ template }: CreateCampaign, has: Readonly<Record<keyof typeof SAYS, boolean>>): string[] {
  return (['offer', 'incentive'] as const)
    .filter((what) => has[what] && !SAYS[what].includes(template))
    .map((what) => `the template ${template} says nothing of the ${what}: write it into the steps`);
}

function daysInWords(days: readonly number[]): string {
  if (days.length === 1) return `day ${days[0]}`;
  return `days ${days.slice(0, -1).join(', ')} and ${days.at(-1)}`;
}
