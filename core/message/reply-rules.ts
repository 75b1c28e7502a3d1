import { readReply } from '../consent/opt-out-words.js';
import { clausesOf } from '../consent/reply-clauses.js';
import type { PhoneChannel } from './phone-message.js';
import type { ReplyWish } from './reply-wish.js';

/** When a rule fits a reply: by words, or because somebody asks for help. */
export type ReplyTrigger = {
  readonly ruleId: number;
  readonly priority: number;
  readonly answersHelp: boolean;
  readonly keywords: readonly string[];
  /** Null: either. */
  readonly channel: PhoneChannel | null;
};

/** What somebody has written, as far as rules look at it. */
export type AnswerableReply = { readonly channel: PhoneChannel; readonly text: string; readonly asks: ReplyWish | undefined };

/**
 * The rules that fit a reply, the best first: the highest priority, and then the oldest. A stop, a start, and what may be a stop fit none: they
 * are obeyed, or a person looks at them.
 */
export function rulesFor(rules: readonly ReplyTrigger[], { channel, text, asks }: AnswerableReply): readonly number[] {
  if (asks !== undefined && asks !== 'help') return [];
  const clauses = clausesOf(text);
  return rules
    .filter((rule) => rule.channel === null || rule.channel === channel)
    .filter(({ answersHelp, keywords }) => (answersHelp ? asks === 'help' : keywords.some((keyword) => says(clauses, keyword))))
    .toSorted((one, other) => other.priority - one.priority || one.ruleId - other.ruleId)
    .map(({ ruleId }) => ruleId);
}

/** Whether words stand in a clause beside each other, as words: "open" is not in "reopened". */
function says(clauses: readonly (readonly string[])[], keyword: string): boolean {
  const sought = ` ${clausesOf(keyword).flat().join(' ')} `;
  return sought.trim() !== '' && clauses.some((words) => ` ${words.join(' ')} `.includes(sought));
}

/** Why words cannot be those of a rule, or nothing. */
export function keywordFault(keyword: string): string | undefined {
  if (clausesOf(keyword).length === 0) return 'a word is expected';
  const read = readReply(keyword);
  if (read === 'help') return 'whoever says this asks for help: a rule with answers_help answers that, in every language';
  return read === 'none' ? undefined : 'whoever says this may want to leave or come back: no rule answers that';
}
