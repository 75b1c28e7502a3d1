import { uncertainOf } from './comparing.js';
import { PROVIDERS } from './providers/all.js';
import type { Found } from './scenario.js';

export type Demanded = {
  /** That providers took. */
  readonly messages: number;
  readonly kills: number;
  readonly zombies: number;
  readonly seconds: number;
};

/** What must be none of. */
const NONE = [
  'duplicates',
  'lost',
  'unexplained',
  'contradictions',
  'counter_differences',
  'miscounted_people',
  'sent_after_suppression',
  'sent_in_quiet_hours',
  'sent_over_cap',
  'sent_without_consent',
] as const satisfies readonly (keyof Found)[];

const LEAST_MAIL_SHARE = 0.7;

/** Every limit that a run has broken, in words. A run that proved nothing has broken one, too. */
export function brokenLimits(found: Found, demanded: Demanded): readonly string[] {
  const mails = (found.by_way['email']?.messages ?? 0) + (found.by_way['smtp']?.messages ?? 0);
  return [
    ...NONE.filter((name) => found[name] !== 0).map((name) => `${name}: ${found[name]}, none is allowed`),
    ...(['messages', 'kills', 'zombies'] as const)
      .filter((name) => found[name] < demanded[name])
      .map((name) => `${name}: ${found[name]}, at least ${demanded[name]} are needed`),
    ...(found.seconds > demanded.seconds ? [`it took ${found.seconds} seconds, ${demanded.seconds} at most are allowed`] : []),
    ...(mails < LEAST_MAIL_SHARE * found.messages ? [`${mails} of ${found.messages} messages are mails, 70 % are needed`] : []),
    ...PROVIDERS.filter((provider) => uncertainOf(found, provider) > provider.uncertainPerKill * found.kills).map(
      (provider) => `${uncertainOf(found, provider)} messages are uncertain with ${provider.name} after ${found.kills} kills`,
    ),
    ...Object.entries(found.by_way).flatMap(([way, { messages }]) => (messages === 0 ? [`nothing went out by ${way}`] : [])),
    ...Object.entries(found.held).flatMap(([rule, messages]) => (messages === 0 ? [`nothing was held ${rule}`] : [])),
    ...(found.ambiguous_faults === 0 ? ['no provider failed so that nobody could know'] : []),
  ];
}
