import type { SendOutcome } from '../../core/message/send-outcome.js';

/** What a ledger is told of each message. */
export type LedgerCalls<M> = {
  /** Asked when a request is about to be written: whether it still is to be. */
  readonly begin: (message: M) => Promise<boolean>;
  /** How it ended, also where it was never written. Not called where `begin` has said no. */
  readonly ended: (message: M, outcome: SendOutcome) => Promise<void>;
};

/** How one message ended. `concernsAll`: so would every other, and need not be tried. `isUnanswered`: the provider was not heard. */
export type SentOne = { readonly outcome: SendOutcome; readonly concernsAll: boolean; readonly isUnanswered: boolean };

export type OneByOne<M> = {
  /** For the words of those that are kept back. */
  readonly provider: string;
  readonly atOnce: number;
  /** Why a message cannot be sent at all, or nothing. */
  readonly faultOf: (message: M) => string | undefined;
  /** Makes a request ready, so that hardly anything lies between the beginning of its call and its first byte. Sending it never throws. */
  readonly prepare: (message: M) => Promise<() => Promise<SentOne>>;
  readonly calls?: LedgerCalls<M> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Holds a message back until the provider's client has room for it: its call begins after that. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
};

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
export async function sendOneByOne<M>(messages: readonly M[], sending: OneByOne<M>): Promise<readonly SendOutcome[]> {
  const { provider, atOnce, faultOf, prepare, calls, signal, inTurn = (work) => work() } = sending;
  const outcomes: SendOutcome[] = [];
  const rest = messages.entries();
  let unanswered = 0;
  let ofAll: SendOutcome | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function outcomeOf(message: M): Promise<SendOutcome | undefined> {
    const fault = faultOf(message);
    if (fault !== undefined) return unsendable(fault);
    if (signal?.aborted) return calledOff();
    if (ofAll) return ofAll;
    const send = await prepare(message);
    if (calls && !(await calls.begin(message))) return undefined;
    const { outcome, concernsAll, isUnanswered } = await send();
    unanswered = isUnanswered ? unanswered + 1 : 0;
    if (concernsAll) ofAll = outcome;
    else if (unanswered >= atOnce) ofAll = keptBack(provider);
    return outcome;
  }
  async function sendOne(position: number, message: M): Promise<void> {
    const outcome = await outcomeOf(message);
    outcomes[position] = outcome ?? notWanted();
    if (outcome) await calls?.ended(message, outcome);
  }
  async function sendSome(): Promise<void> {
    for (const [position, message] of rest) {
      if (failure) return;
      await inTurn(() => sendOne(position, message));
    }
  }
  // What is under way is written down before anybody hears of a failure; nothing more is begun.
  const sendUntilFailure = () => sendSome().catch((error: unknown) => void (failure ??= { error }));
  await Promise.all(Array.from({ length: atOnce }, sendUntilFailure));
  if (failure) throw failure.error;
  return outcomes;
}

const unsendable = (because: string): SendOutcome => ({ kind: 'refused', concerns: 'request', blamed: [], status: undefined, because });

const calledOff = (): SendOutcome => ({ kind: 'not_accepted', retryAtMs: Date.now(), because: 'it was called off before it was sent' });

const notWanted = (): SendOutcome => ({ kind: 'not_accepted', retryAtMs: Date.now(), because: 'it was not to be sent any more' });

const keptBack = (provider: string): SendOutcome => ({
  kind: 'not_accepted',
  retryAtMs: Date.now() + UNANSWERED_WAIT_MS,
  because: `${provider} has not answered those before it`,
});
