import { formatNumber } from '../numbers.js';
import type { PlanOutcome, ToldPlan } from '../outreach/told.js';
import { counted, wrap } from './format.js';
import { WIDTH } from './segment-section.js';

const TOLD_WAITING = 5;

/** What the walk planned, drafted and launched, in a line or two. Nothing where it planned nothing. */
export function outreachLines(plans: readonly ToldPlan[]): readonly string[] {
  if (plans.length === 0) return [];
  const planned = plans.filter(({ outcome }) => outcome !== 'withdrawn');
  const launched = planned.filter(({ isLaunched }) => isLaunched);
  const waiting = planned.filter(({ isLaunched, waitsBecause }) => !isLaunched && waitsBecause !== null);
  const messages = launched.reduce((sum, { messages }) => sum + messages, 0);
  const sentences = [
    `${counted(planned.length, 'campaign')} planned${planned.length === 0 ? '' : ` (${byChannel(planned)})`}: ${outcomes(plans)}.`,
    ...(launched.length === 0
      ? []
      : [`Launched by itself, as the sending policy allows: ${named(launched)}, ${counted(messages, 'message')} planned.`]),
    ...(waiting.length === 0 ? [] : [`Allowed, and not launched: ${waitingInWords(waiting)}.`]),
  ];
  return [...wrap(`📝 ${sentences.join(' ')}`, WIDTH, '', '   '), ''];
}

function byChannel(plans: readonly ToldPlan[]): string {
  const counts = new Map<string, number>();
  for (const { channel } of plans) counts.set(channel, (counts.get(channel) ?? 0) + 1);
  return [...counts].map(([channel, count]) => `${formatNumber(count)} ${channel.replace('_', '-')}`).join(', ');
}

const OUTCOMES: readonly (readonly [PlanOutcome, one: string, many: string])[] = [
  ['drafted', 'draft written', 'drafts written'],
  ['renewed', 'draft brought up to date', 'drafts brought up to date'],
  ['open', 'was a draft already', 'were drafts already'],
  ['running', 'runs', 'run'],
  ['rested', 'ended within 30 days', 'ended within 30 days'],
  ['withdrawn', 'earlier draft withdrawn', 'earlier drafts withdrawn'],
];

function outcomes(plans: readonly ToldPlan[]): string {
  const told = OUTCOMES.flatMap(([outcome, one, many]) => {
    const count = plans.filter((plan) => plan.outcome === outcome).length;
    return count === 0 ? [] : [`${formatNumber(count)} ${count === 1 ? one : many}`];
  });
  return told.join(', ');
}

const named = (plans: readonly ToldPlan[]): string => plans.map(({ name }) => `"${name}"`).join(', ');

function waitingInWords(plans: readonly ToldPlan[]): string {
  const more = plans.length - TOLD_WAITING;
  const told = plans.slice(0, TOLD_WAITING).map(({ name, waitsBecause }) => `"${name}" (${waitsBecause})`);
  return `${told.join(', ')}${more > 0 ? `, ${formatNumber(more)} more` : ''}`;
}
