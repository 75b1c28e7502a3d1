import type { Plan, PlanContent, PlanStep } from '../journey/plan.js';
import { LEAVE } from '../journey/plan.js';
import { renderText, type TextVariables } from '../template/text-message.js';
import { pushFault, type PushWords } from './push.js';

/**
 * What a step says to one person, or why it can say nothing: its subject is the title and its message the text, both plain text in
 * Liquid; of one alone, that is the title. Its url is where a tap leads.
 */
export function pushWordsOf(
  { subject, text, url }: Omit<PlanContent, 'key'>,
  variables: TextVariables,
): PushWords | { readonly because: string } {
  const first = subject ?? text;
  if (first === undefined) return { because: 'a push step needs a subject or a message of its own: no template has its words' };
  const title = renderText(first, variables, 'title');
  if ('because' in title) return title;
  const body = subject === undefined || text === undefined ? { text: '' } : renderText(text, variables);
  if ('because' in body) return body;
  const target = url === undefined ? undefined : renderText(url, variables, 'url');
  if (target && 'because' in target) return target;
  const words = { title: title.text, body: body.text, ...(target && { url: target.text }) };
  const because = pushFault(words);
  return because === undefined ? words : { because };
}

const DAY_SECONDS = 86_400;
/** As long as push services keep a message at most. */
const MOST_DAYS = 28;
/** A telephone may be off for a while, however soon the next step comes. */
const LEAST_SECONDS = 4 * 3_600;

/** For how long a step's message is worth showing: until the day of the step that follows, or the end of its offer or of the entry. */
export function ttlSecondsOf(
  plan: Pick<Plan, 'steps' | 'lifetimeMs'>,
  step: Pick<PlanStep, 'day' | 'next'>,
  content: Omit<PlanContent, 'key'>,
) {
  const following = step.next === LEAVE ? undefined : plan.steps[step.next];
  const days = [
    MOST_DAYS,
    plan.lifetimeMs / (DAY_SECONDS * 1_000) - step.day,
    following ? following.day - step.day : MOST_DAYS,
    content.offer?.expiry_days ?? MOST_DAYS,
  ];
  return Math.max(LEAST_SECONDS, Math.floor(Math.min(...days) * DAY_SECONDS));
}
