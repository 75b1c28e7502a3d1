import type { StepRequest } from './campaign-request.js';
import { LEAVE } from './plan.js';
import { canShow, campaignChannels, triggerRule, type TriggerRule } from './triggers.js';

/** What an edit must keep to: keys are never reused, so that nobody gets a step twice or misses one for another's sake. */
export type EarlierPlan = {
  readonly version: number;
  readonly lastKey: number;
  readonly steps: readonly { readonly key: number; readonly channel: string }[];
};

/** Every step's key: its own, or for a new one the next number that no version has had. */
export function stepKeys(steps: readonly StepRequest[], earlier: EarlierPlan | null): number[] {
  const given = new Set(steps.flatMap(({ step_key }) => (step_key === undefined ? [] : [step_key])));
  let last = earlier?.lastKey ?? 0;
  const nextFree = (): number => {
    do last += 1;
    while (given.has(last));
    return last;
  };
  return steps.map(({ step_key }) => step_key ?? nextFree());
}

/** The rule of a step's trigger; null where it has none or waits for nothing. */
export const ruleOf = ({ trigger }: StepRequest): TriggerRule | null => (trigger === undefined ? null : (triggerRule(trigger) ?? null));

/** What a trigger looks at: the position of an earlier step, the whole entry, or nothing that there is. */
export function watchedBy(steps: readonly StepRequest[], keys: readonly number[], position: number): number | 'entry' | undefined {
  const step = steps[position];
  const rule = step === undefined ? null : ruleOf(step);
  if (step === undefined || rule === null) return undefined;
  if (rule.watches === 'converted') return 'entry';
  if (step.trigger_step !== undefined) return positionOf(keys, step.trigger_step);
  const before = rule.channel === null ? position - 1 : steps.slice(0, position).findLastIndex(({ channel }) => channel === rule.channel);
  return before >= 0 ? before : undefined;
}

/** Whether the step that a trigger looks at can show what the trigger wants. */
export function isWatchable(rule: TriggerRule, watched: StepRequest): boolean {
  const channel = campaignChannels.find((one) => one === watched.channel);
  return channel !== undefined && (rule.channel === null || rule.channel === channel) && canShow(channel, rule.watches);
}

const positionOf = (keys: readonly number[], key: number): number | undefined => {
  const position = keys.indexOf(key);
  return position >= 0 ? position : undefined;
};

/** Where a step leads: the position of a later one, the number of steps for past the last, LEAVE, or nothing that there is. */
export function targetOf(wish: number | string, keys: readonly number[], position: number): number | undefined {
  if (wish === 'leave') return LEAVE;
  if (wish === 'next') return position + 1;
  const target = typeof wish === 'number' ? positionOf(keys, wish) : undefined;
  return target !== undefined && target > position ? target : undefined;
}

export const nextOf = (step: StepRequest): number | string => step.next ?? 'next';

/** A step for those who reacted is a gate: others leave. One for those who did not is an extra: others go on without it. */
export const elseOf = (step: StepRequest): number | string => step.else ?? (ruleOf(step)?.wanted === false ? 'next' : 'leave');
