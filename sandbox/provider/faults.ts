import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { seededRandom } from '../../core/random.js';

/** What goes wrong with a request. `accepts`: whether its messages are accepted, and in the journal, all the same. */
export type SendFault =
  | { readonly kind: 'rate_limited'; readonly resetAfterS: number }
  | { readonly kind: 'error'; readonly status: number; readonly accepts: boolean }
  | { readonly kind: 'reset'; readonly accepts: boolean }
  /** Never answers, and keeps the connection. */
  | { readonly kind: 'half_open'; readonly accepts: boolean }
  /** Answers properly, but late. */
  | { readonly kind: 'slow'; readonly delayMs: number };

/** Every request and how it ended. */
export type RequestRecord = {
  /** The status that was answered, or how the answer failed to be one. */
  readonly outcome: number | 'reset' | 'half_open';
  /** How many messages it carried into the journal. */
  readonly accepted: number;
  /** How many it carried that were not accepted, without a word from which their sender could know. */
  readonly unanswered?: number;
};

/** A fault after which the sender gets no proper answer. */
export type BreakingFault = Exclude<SendFault, { kind: 'slow' | 'rate_limited' }>;

export const isBreaking = (fault: SendFault | undefined): fault is BreakingFault =>
  fault !== undefined && fault.kind !== 'slow' && fault.kind !== 'rate_limited';

/** How many messages a request carries, and how many of them were accepted. */
export type Carried = { readonly carried: number; readonly accepted: number };

/** Ends a request as its fault says, and tells how. `answerError` writes an error in the provider's own words. */
export function breakOff(
  fault: BreakingFault,
  request: IncomingMessage,
  { carried, accepted }: Carried,
  answerError: (status: number) => void,
): RequestRecord {
  // A refusal of the 4xx kind is an answer, but for 408.
  const isAnswer = fault.kind === 'error' && fault.status >= 400 && fault.status < 500 && fault.status !== 408;
  const record = { accepted, ...(!isAnswer && carried > accepted && { unanswered: carried - accepted }) };
  switch (fault.kind) {
    case 'error':
      answerError(fault.status);
      return { ...record, outcome: fault.status };
    case 'reset':
      // A connection under TLS can be cut off, and not be reset.
      if (request.socket instanceof TLSSocket) request.socket.destroy();
      else request.socket.resetAndDestroy();
      return { ...record, outcome: 'reset' };
    case 'half_open':
      return { ...record, outcome: 'half_open' };
  }
}

/** What goes wrong with the delivery of a batch of events. */
export type WebhookFault =
  | { readonly kind: 'duplicate'; readonly copies: number }
  | { readonly kind: 'late'; readonly delayMs: number }
  /** Its events in another order, and after those of the next batch. */
  | { readonly kind: 'reordered' }
  /** Somebody else posts first, in the name of our recipients, with a signature that is not ours. */
  | { readonly kind: 'forged' }
  /** The answer gets lost: it is delivered, and delivered again. */
  | { readonly kind: 'answer_lost' };

/** Faults that come by chance, the same ones for the same seed. */
export type Chances<F> = {
  readonly seed: number;
  readonly faults: readonly { readonly probability: number; readonly fault: F }[];
};

export type FaultScript<F> = { add(...faults: readonly (F | undefined)[]): void; next(): F | undefined };

/** Those that were queued, in order, and then those that chance brings. An `undefined` in the queue lets one pass. */
export function faultScript<F>(chances?: Chances<F>): FaultScript<F> {
  const queue: (F | undefined)[] = [];
  const random = seededRandom(chances?.seed ?? 0);
  return {
    add: (...faults) => void queue.push(...faults),
    next() {
      if (queue.length > 0) return queue.shift();
      if (!chances) return undefined;
      let dice = random();
      return chances.faults.find(({ probability }) => (dice -= probability) < 0)?.fault;
    },
  };
}
