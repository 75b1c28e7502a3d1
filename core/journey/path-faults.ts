import type { CampaignRequest, PlanFault, StepRequest } from './campaign-request.js';
import { elseOf, isWatchable, ruleOf, targetOf, nextOf, watchedBy } from './references.js';
import { triggerNames, triggerRule } from './triggers.js';

const MOST_TIMEOUT_HOURS = 90 * 24;
/** A journey's state has them in one 32-bit number, of which the sign is left alone. */
const MOST_BITS = 31;

type Fault = (part: keyof StepRequest, message: string) => PlanFault;

/** What is wrong with triggers and branches: names, what they look at, and steps to which no way leads. */
export function pathFaults(request: CampaignRequest, keys: readonly number[]): PlanFault[] {
  const steps = request.sequence;
  const faults = steps.flatMap((step, i) => {
    const fault: Fault = (part, message) => ({ field: `sequence[${i}].${part}`, message });
    return [...triggerFaults(step, fault), ...watchedFaults(request, keys, i, fault), ...targetFaults(step, keys, i, fault)];
  });
  // Which way leads where can be said only once every turn of it is known.
  return faults.length > 0 ? faults : [...wayFaults(request, keys), ...countFaults(steps, keys)];
}

function triggerFaults(step: StepRequest, fault: Fault): PlanFault[] {
  const { trigger, timeout_hours } = step;
  if (trigger !== undefined && triggerRule(trigger) === undefined) {
    return [fault('trigger', `${JSON.stringify(trigger)} is none of ${triggerNames.join(', ')}`)];
  }
  const rule = ruleOf(step);
  if (rule === null) {
    const needless = (['trigger_step', 'timeout_hours', 'else'] as const).filter((part) => step[part] !== undefined);
    return needless.map((part) => fault(part, 'has no meaning for a step that waits for no reaction'));
  }
  const least = rule.wanted ? 1 : 0;
  const isFine =
    timeout_hours === undefined || (Number.isSafeInteger(timeout_hours) && timeout_hours >= least && timeout_hours <= MOST_TIMEOUT_HOURS);
  return isFine ? [] : [fault('timeout_hours', `${least} to ${MOST_TIMEOUT_HOURS} whole hours are expected, not ${timeout_hours}`)];
}

function watchedFaults({ sequence, ...request }: CampaignRequest, keys: readonly number[], position: number, fault: Fault): PlanFault[] {
  const step = sequence[position];
  const rule = step === undefined ? null : ruleOf(step);
  if (step === undefined || rule === null) return [];
  if (rule.watches === 'converted') return conversionFaults(request, step, rule.wanted, fault);
  const watched = watchedBy(sequence, keys, position);
  const watchedStep = typeof watched === 'number' && watched < position ? sequence[watched] : undefined;
  if (watchedStep === undefined) {
    return step.trigger_step === undefined
      ? [fault('trigger', `${step.trigger} looks at an earlier ${rule.channel ?? ''} step, and none comes before`.replace('  ', ' '))]
      : [fault('trigger_step', `the key of an earlier step is expected, not ${step.trigger_step}`)];
  }
  if (isWatchable(rule, watchedStep)) return [];
  return [fault('trigger', `${step.trigger} can never be seen of a step on ${watchedStep.channel}`)];
}

function conversionFaults(request: Omit<CampaignRequest, 'sequence'>, step: StepRequest, wanted: boolean, fault: Fault): PlanFault[] {
  const leaves = request.exit_on_goal ?? true;
  if (request.goal === undefined) return [fault('trigger', `${step.trigger} needs the campaign to have a goal`)];
  if (step.trigger_step !== undefined) return [fault('trigger_step', `${step.trigger} looks at the whole entry, not at one step`)];
  if (leaves && wanted) {
    return [fault('trigger', 'can never come true: who reaches the goal leaves, unless exit_on_goal is false')];
  }
  return leaves && step.else !== undefined ? [fault('else', 'is never taken: who reaches the goal leaves')] : [];
}

function targetFaults(step: StepRequest, keys: readonly number[], position: number, fault: Fault): PlanFault[] {
  const wrong = (part: 'next' | 'else', wish: number | string): PlanFault[] =>
    targetOf(wish, keys, position) === undefined
      ? [fault(part, `the key of a later step, next or leave is expected, not ${JSON.stringify(wish)}`)]
      : [];
  return [...wrong('next', nextOf(step)), ...wrong('else', elseOf(step))];
}

/** Steps that no way leads to, and triggers that look at a step which no way has in front of them. */
function wayFaults(request: CampaignRequest, keys: readonly number[]): PlanFault[] {
  const steps = request.sequence;
  const { isReached, canFollow } = waysThrough(request, keys);
  return steps.flatMap((_, i) => {
    if (!isReached(i)) return [{ field: `sequence[${i}]`, message: 'is never reached: every way before it leaves or goes past it' }];
    const watched = watchedBy(steps, keys, i);
    if (typeof watched !== 'number' || canFollow(watched, i)) return [];
    const message = `can never come true: no way leads from the step with the key ${keys[watched]} to this one`;
    return [{ field: `sequence[${i}].trigger`, message }];
  });
}

type Ways = { readonly isReached: (position: number) => boolean; readonly canFollow: (sent: number, position: number) => boolean };

/** All ways lead forward, so that where each step leads to is known once the later ones are. */
function waysThrough(request: CampaignRequest, keys: readonly number[]): Ways {
  const steps = request.sequence;
  const exitsOnGoal = request.goal !== undefined && (request.exit_on_goal ?? true);
  const reached: ReadonlySet<number>[] = [];
  const from = (target: number | undefined): number[] => (target === undefined ? [] : [target, ...(reached[target] ?? [])]);
  const onwards = (i: number, step: StepRequest): number[] => from(targetOf(nextOf(step), keys, i));
  for (const [i, step] of [...steps.entries()].toReversed()) {
    const rule = ruleOf(step);
    const elseIsTaken = rule !== null && !(rule.watches === 'converted' && exitsOnGoal);
    reached[i] = new Set([...onwards(i, step), ...(elseIsTaken ? from(targetOf(elseOf(step), keys, i)) : [])]);
  }
  return {
    isReached: (position) => from(0).includes(position),
    canFollow: (sent, position) => steps[sent] !== undefined && onwards(sent, steps[sent]).includes(position),
  };
}

function countFaults(steps: readonly StepRequest[], keys: readonly number[]): PlanFault[] {
  const bits = new Set<string>();
  for (const [i, step] of steps.entries()) {
    const watched = watchedBy(steps, keys, i);
    if (watched === undefined) continue;
    bits.add(`${watched} ${ruleOf(step)?.watches}`);
    if (watched !== 'entry') bits.add(`${watched} missed`);
  }
  if (bits.size <= MOST_BITS) return [];
  return [
    {
      field: 'sequence',
      message: `triggers look at ${bits.size} things (each step that one looks at is one more), and ${MOST_BITS} is the most`,
    },
  ];
}
