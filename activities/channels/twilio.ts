import { phoneFault, type PhoneBatch, type PhoneEnvelope, type PhoneMessage } from '../../core/message/phone-message.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { twilioMessage } from '../../core/message/twilio-message.js';
import { twilioOutcome, type TwilioAnswer } from '../../core/message/twilio-outcome.js';
import { connectTwilio, type TwilioClient } from './twilio-client.js';

/** What a ledger is told of each message. */
export type TextCalls = {
  /** Asked when a request is about to be written: whether it still is to be. */
  readonly begin: (message: PhoneMessage) => Promise<boolean>;
  /** How it ended, also where it was never written. Not called where `begin` has said no. */
  readonly ended: (message: PhoneMessage, outcome: SendOutcome) => Promise<void>;
};

const AT_ONCE = 8;
const NOBODY: TextCalls = { begin: () => Promise.resolve(true), ended: () => Promise.resolve() };
const UNANSWERED_WAIT_MS = 30_000;

/**
 * Sends each message by a request of its own, some at once, and tells how each ended, in the order of the messages. Tried once:
 * whether to try again is for who keeps the ledger, who is asked before each and told after it. A message that cannot be sent is refused
 * here. Throws only what the ledger throws.
 *
 * What one answer says of all (our key is wrong, too many requests, no connection) is said of the rest without asking again. And
 * when as many requests in a row as are under way at once get no answer, the rest is kept back: else a provider that takes and
 * never answers would leave the whole batch uncertain.
 */
export async function sendTexts(
  client: TwilioClient,
  batch: PhoneBatch,
  { signal, calls = NOBODY }: { readonly signal?: AbortSignal | undefined; readonly calls?: TextCalls } = {},
): Promise<readonly SendOutcome[]> {
  const { atOnce = AT_ONCE } = client.options;
  const outcomes: SendOutcome[] = [];
  const rest = batch.messages.entries();
  let unanswered = 0;
  let ofAll: SendOutcome | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function outcomeOf(message: PhoneMessage): Promise<SendOutcome | undefined> {
    const fault = phoneFault(message);
    if (fault !== undefined) return unsendable(fault);
    if (signal?.aborted) return calledOff();
    if (ofAll) return ofAll;
    if (!(await calls.begin(message))) return undefined;
    const answer = await sendText(client, batch, message, signal);
    const outcome = twilioOutcome(answer, Date.now());
    unanswered = outcome.kind === 'ambiguous' ? unanswered + 1 : 0;
    if (concernsAll(answer, outcome)) ofAll = outcome;
    else if (unanswered >= atOnce) ofAll = keptBack();
    return outcome;
  }
  async function sendInTurn(): Promise<void> {
    for (const [position, message] of rest) {
      if (failure) return;
      const outcome = await outcomeOf(message);
      outcomes[position] = outcome ?? notWanted();
      if (outcome) await calls.ended(message, outcome);
    }
  }
  // What is under way is written down before anybody hears of a failure; nothing more is begun.
  const sendUntilFailure = () => sendInTurn().catch((error: unknown) => void (failure ??= { error }));
  await Promise.all(Array.from({ length: atOnce }, sendUntilFailure));
  if (failure) throw failure.error;
  return outcomes;
}

async function sendText(client: TwilioClient, envelope: PhoneEnvelope, message: PhoneMessage, signal?: AbortSignal): Promise<TwilioAnswer> {
  const { api, watched, answer } = connectTwilio(client, signal);
  const error: unknown = await api.messages.create(twilioMessage(message, envelope)).catch((thrown: unknown) => thrown);
  const seen = answer();
  if (seen) return { kind: 'answered', ...seen };
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return { kind: 'broken', code: typeof code === 'string' ? code : undefined, written: watched.written() };
}

const concernsAll = (answer: TwilioAnswer, { kind }: SendOutcome): boolean =>
  answer.kind === 'answered' ? [401, 403, 404, 429].includes(answer.status) : kind === 'not_accepted';

const unsendable = (because: string): SendOutcome => ({ kind: 'refused', concerns: 'request', blamed: [], status: undefined, because });

const calledOff = (): SendOutcome => ({ kind: 'not_accepted', retryAtMs: Date.now(), because: 'it was called off before it was sent' });

const notWanted = (): SendOutcome => ({ kind: 'not_accepted', retryAtMs: Date.now(), because: 'it was not to be sent any more' });

const keptBack = (): SendOutcome => ({
  kind: 'not_accepted',
  retryAtMs: Date.now() + UNANSWERED_WAIT_MS,
  because: 'Twilio has not answered those before it',
});
