import { frequencies, type CampaignRequest, type PlanFault, type StepRequest } from './campaign-request.js';
import { socialProviderOf } from '../event/contacts.js';
import { parseSocialProvider } from '../message/social-message.js';
import { LEAVE, type Plan, type PlanContent, type PlanEntry, type PlanStep, type Reentry, type Trigger } from './plan.js';
import { planFaults } from './plan-faults.js';
import { elseOf, ruleOf, stepKeys, targetOf, nextOf, watchedBy, type EarlierPlan } from './references.js';
import { parseSendTime } from './send-time.js';
import { campaignChannels, isShownBy, reactions, type Reaction } from './triggers.js';

export type MadePlan =
  | { readonly status: 'made'; readonly plan: Plan; readonly contents: readonly PlanContent[] }
  | { readonly status: 'refused'; readonly faults: readonly PlanFault[] };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WANTED_TIMEOUT_MS = 72 * HOUR_MS;
/** Less than a day: a reminder on the next day at the same hour would otherwise slip by one day more. */
const UNWANTED_TIMEOUT_MS = 12 * HOUR_MS;
/** Room for time-outs, deferrals and an outage. */
const SPARE_LIFETIME_MS = 30 * DAY_MS;

/** The plan of a campaign as a person writes it, or all that is wrong with it. With `earlier`, the next version of that plan. */
export function makePlan(request: CampaignRequest, earlier: EarlierPlan | null = null): MadePlan {
  const faults = planFaults(request, earlier);
  if (faults.length > 0) return { status: 'refused', faults };
  const keys = stepKeys(request.sequence, earlier);
  const { steps, convertedBit } = planSteps(request.sequence, keys);
  const plan: Plan = {
    version: (earlier?.version ?? 0) + 1,
    goal: request.goal ?? null,
    entry: entryOf(request),
    reentry: reentryOf(request),
    frequency: frequencies.find((one) => one === request.frequency) ?? null,
    exits: exitsOf(request),
    lifetimeMs: lifetimeOf(request, steps),
    lastKey: Math.max(earlier?.lastKey ?? 0, ...keys),
    convertedBit,
    steps,
  };
  return { status: 'made', plan, contents: request.sequence.map((step, i) => contentOf(step, keys[i] ?? 0)) };
}

function planSteps(steps: readonly StepRequest[], keys: readonly number[]): { steps: PlanStep[]; convertedBit: number } {
  const bits = new Map<string, number>();
  const bitOf = (name: string): number => bits.get(name) ?? bits.set(name, 2 ** bits.size).get(name) ?? 0;
  const triggers = steps.map((step, i) => triggerOf(step, watchedBy(steps, keys, i), bitOf));
  const planned = steps.map((step, i): PlanStep => ({
    key: keys[i] ?? 0,
    day: step.day,
    channel: campaignChannels.find((one) => one === step.channel) ?? 'email',
    ...providerOf(step),
    template: step.template,
    ...(step.test !== undefined && { test: step.test }),
    sendTime: step.send_time === undefined ? null : (parseSendTime(step.send_time) ?? null),
    trigger: triggers[i] ?? null,
    next: targetOf(nextOf(step), keys, i) ?? LEAVE,
    otherwise: targetOf(elseOf(step), keys, i) ?? LEAVE,
    marks: marksOf(i, bits),
    missedBit: bits.get(`${i} missed`) ?? 0,
  }));
  return { steps: planned, convertedBit: bits.get('entry converted') ?? 0 };
}

function providerOf({ provider }: StepRequest): Pick<PlanStep, 'provider'> {
  const named = provider === undefined ? undefined : parseSocialProvider(socialProviderOf(provider));
  return named === undefined ? {} : { provider: named };
}

function triggerOf(step: StepRequest, watched: number | 'entry' | undefined, bitOf: (name: string) => number): Trigger | null {
  const rule = ruleOf(step);
  if (rule === null || watched === undefined) return null;
  const { watches, wanted } = rule;
  const usual = wanted ? WANTED_TIMEOUT_MS : UNWANTED_TIMEOUT_MS;
  return {
    watches,
    wanted,
    bit: bitOf(`${watched} ${watches}`),
    missedBit: watched === 'entry' ? 0 : bitOf(`${watched} missed`),
    timeoutMs: step.timeout_hours === undefined ? usual : step.timeout_hours * HOUR_MS,
  };
}

function marksOf(position: number, bits: ReadonlyMap<string, number>): Partial<Record<Reaction, number>> {
  const marks: Partial<Record<Reaction, number>> = {};
  const watched = (['delivered', 'opened', 'clicked', 'replied', 'engaged'] as const).filter((one) => bits.has(`${position} ${one}`));
  for (const reaction of reactions) {
    const shown = watched.filter((one) => isShownBy(one, reaction)).map((one) => bits.get(`${position} ${one}`) ?? 0);
    if (shown.length > 0) marks[reaction] = shown.reduce((all, bit) => all | bit, 0);
  }
  return marks;
}

function entryOf({ entry }: CampaignRequest): PlanEntry {
  if (typeof entry === 'object') return { kind: 'event', event: entry.event };
  return { kind: entry === 'segment' ? 'segment' : 'launch' };
}

function reentryOf({ re_entry }: CampaignRequest): Reentry {
  if (typeof re_entry === 'object') return { kind: 'after_days', days: re_entry.after_days };
  return { kind: re_entry === 'after_leaving' ? 'after_leaving' : 'never' };
}

const exitsOf = (request: CampaignRequest): Plan['exits'] => ({
  goal: request.goal !== undefined && (request.exit_on_goal ?? true),
  segmentLeft: request.exit_on_segment_left ?? false,
  pause: request.exit_on_pause ?? false,
});

function lifetimeOf({ lifetime_days }: CampaignRequest, steps: readonly PlanStep[]): number {
  if (lifetime_days !== undefined) return lifetime_days * DAY_MS;
  const waits = steps.reduce((sum, { trigger }) => sum + (trigger?.timeoutMs ?? 0), 0);
  return (steps.at(-1)?.day ?? 0) * DAY_MS + waits + SPARE_LIFETIME_MS;
}

function contentOf({ subject, message, content, url, offer, incentive }: StepRequest, key: number): PlanContent {
  const text = message ?? content;
  return {
    key,
    ...(subject !== undefined && { subject }),
    ...(text !== undefined && { text }),
    ...(url !== undefined && { url }),
    ...(offer !== undefined && { offer }),
    ...(incentive !== undefined && { incentive }),
  };
}
