import { roundTo } from '../numbers.js';
import type { Reach } from '../campaign/preflight.js';
import { stepsInWords } from '../campaign/plan-words.js';
import { DEFAULT_SLOT, type Slot } from '../journey/due-time.js';
import type { Plan } from '../journey/plan.js';
import { PERIOD_DAYS } from '../segment/statistics.js';
import { evidenceOf, LEAST_USERS } from '../suggestion/evidence.js';
import type { Basis } from '../suggestion/payload.js';
import type { OutreachIdea, Unplanned } from './idea.js';
import { planIdOf } from './subject.js';

/** Of a campaign that members enter at its launch: whom a launch would have reached, as the walk found it. */
export type ReachFound = {
  readonly kind: 'reach';
  readonly users: number;
  readonly reach: Reach;
  readonly overCap: number;
  readonly ownTimes: number;
};
/** Of one that an event lets enter: how many did it in the 30 days before. */
export type EntrantsFound = { readonly kind: 'entrants'; readonly users: number };
export type Found = ReachFound | EntrantsFound;

export type PlanFacts = {
  /** ISO 8601: the walk's. */
  readonly asOf: string;
  readonly plan: Plan;
  readonly found: Found;
  /** The hour at which the tenant's people react on the channel, where enough was seen. */
  readonly usualSlot: Slot | undefined;
};

/** A figure's formula over its inputs; the period is that of its events, and absent of what holds at the moment of the walk. */
export type PlanBasis = Omit<Basis, 'period'> & { readonly period?: Basis['period'] };

export type OutreachPlan = OutreachIdea & {
  readonly planId: string;
  readonly inWords: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly basis: Readonly<Record<string, PlanBasis>>;
  /** When messages without an hour of their own go, and how that is known. */
  readonly sendTime: { readonly hour: number; readonly minute: number; readonly because: string } | null;
};

const DAY_MS = 86_400_000;

/** The plan that an idea becomes, with every figure that is known and its basis; or why it becomes none. */
export function planOf(idea: OutreachIdea, facts: PlanFacts): OutreachPlan | Unplanned {
  const { found, plan } = facts;
  const people = found.kind === 'reach' ? found.reach.reachable : found.users;
  if (people < LEAST_USERS) {
    const what = found.kind === 'reach' ? 'can be reached' : 'did it in the 30 days before';
    return { segment: idea.segment, name: idea.name, because: `${people} ${what}, and fewer than ${LEAST_USERS} are no audience` };
  }
  const measured = { ...messagesOf(facts), ...conversionOf(idea, facts.asOf), ...engagementOf(idea, facts.asOf) };
  return {
    ...idea,
    planId: planIdOf(idea),
    inWords: stepsInWords(plan),
    figures: { ...audienceOf(found), ...valuesOf(measured) },
    basis: basesOf(measured),
    sendTime: plan.steps.some(({ sendTime }) => sendTime === 'optimal') ? sendTimeOf(facts) : null,
  };
}

type Figures = Readonly<Record<string, { readonly value: number; readonly basis: PlanBasis }>>;
const valuesOf = (figures: Figures) => Object.fromEntries(Object.entries(figures).map(([name, { value }]) => [name, value]));
const basesOf = (figures: Figures) => Object.fromEntries(Object.entries(figures).map(([name, { basis }]) => [name, basis]));

function audienceOf(found: Found): Record<string, number> {
  if (found.kind === 'entrants') return { entrants_last_30_days: found.users };
  const { users, reach, overCap } = found;
  return {
    users,
    reachable: reach.reachable,
    no_address: reach.noAddress,
    no_consent: reach.noConsent,
    unconfirmed: reach.unconfirmed,
    suppressed: reach.suppressed,
    same_address: reach.sameAddress,
    over_cap: overCap,
  };
}

const lately = (asOf: string, days: number) => ({ from: new Date(Date.parse(asOf) - days * DAY_MS).toISOString(), to: asOf });

/** Not what will be sent: who reaches the goal or leaves gets no further message. */
function messagesOf({ asOf, found, plan }: PlanFacts): Figures {
  const steps = plan.steps.length;
  if (found.kind === 'reach') {
    const inputs = { reachable: found.reach.reachable, steps };
    const note =
      plan.frequency === null
        ? 'At most: who leaves early gets fewer.'
        : `At most, each time: its segment enters again, ${plan.frequency}.`;
    return { most_messages: { value: inputs.reachable * steps, basis: { formula: 'reachable * steps', inputs, note } } };
  }
  const inputs = { entrants_last_30_days: found.users, steps };
  const basis = {
    formula: 'entrants_last_30_days * steps',
    inputs,
    period: lately(asOf, PERIOD_DAYS),
    note: 'In 30 days, if as many come as did before.',
  };
  return { most_messages: { value: found.users * steps, basis } };
}

/** What these people do anyway: a campaign has to beat it. */
function conversionOf({ kind, segment, request }: OutreachIdea, asOf: string): Figures {
  const evidence = kind === 'segment' && segment !== null && request.goal !== undefined ? evidenceOf(segment.statistics) : undefined;
  if (evidence?.kind !== 'measured') return {};
  const { converted, users } = evidence.measured;
  const basis: PlanBasis = {
    formula: 'cohort_converted / cohort_users',
    inputs: { cohort_converted: converted, cohort_users: users },
    period: lately(asOf, PERIOD_DAYS),
    note: 'The cohort: everybody who was in this segment when the period began. No campaign is in it.',
  };
  return { conversion_without_campaign: { value: roundTo(converted / users, 4), basis } };
}

const CHANNEL_DAYS = 90;

function engagementOf({ channel, segment }: OutreachIdea, asOf: string): Figures {
  const rate = segment?.statistics.channelRates?.[channel];
  if (!rate) return {};
  const { delivered, engaged } = rate;
  const basis = { formula: 'engaged / delivered', inputs: { delivered, engaged }, period: lately(asOf, CHANNEL_DAYS) };
  return { engagement_rate: { value: roundTo(engaged / delivered, 4), basis } };
}

function sendTimeOf({ found, usualSlot }: PlanFacts): OutreachPlan['sendTime'] {
  const { hour, minute = 0 } = usualSlot ?? DEFAULT_SLOT;
  const own =
    found.kind === 'reach' && found.ownTimes > 0 ? `${found.ownTimes} of them have a best time of their own; for the others ` : '';
  const known = usualSlot ? "the hour at which the tenant's people react on this channel" : 'the hour where nothing was learned yet';
  return { hour, minute, because: `${own}${known}` };
}
