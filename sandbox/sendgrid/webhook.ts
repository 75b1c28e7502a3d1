import type { Chances, WebhookFault } from '../provider/faults.js';
import { startPosting } from '../provider/webhook.js';
import type { SendgridEvent } from './events.js';
import { createSigner, type Signer } from './signing.js';

export type WebhookOptions = {
  /** Nothing is posted before there is one; what falls due until then is lost, as it is at SendGrid. */
  readonly url?: string;
  /** 1 to 128. */
  readonly maxBatch?: number;
  readonly flushMs?: number;
  /** The first wait after an answer that is not 2xx; each later one is twice as long, for a day. */
  readonly retryBaseMs?: number;
  readonly answerTimeoutMs?: number;
  readonly chances?: Chances<WebhookFault>;
};

const DAY_MS = 86_400_000;

export type WebhookSender = ReturnType<typeof webhookSender>;

/** Posts events in signed batches until they are answered with 2xx. */
export function webhookSender(
  { maxBatch = 128, flushMs = 50, retryBaseMs = 1_000, answerTimeoutMs = 10_000, chances, ...options }: WebhookOptions,
  { seed, signer, now }: { readonly seed: number; readonly signer: Signer; readonly now: () => number },
) {
  const forger = createSigner();
  let url = options.url;
  const posting = startPosting<SendgridEvent>({
    maxBatch,
    flushMs,
    answerTimeoutMs,
    seed,
    chances,
    post(events, isForged) {
      const body = JSON.stringify(events);
      const signed = (isForged ? forger : signer).headers(body, now());
      return { url: url ?? '', body, headers: { 'Content-Type': 'application/json', 'User-Agent': 'SendGrid Event API', ...signed } };
    },
    forge,
    retryAfterMs(answer, attempt) {
      const isDone = typeof answer === 'number' && answer >= 200 && answer < 300;
      const waitMs = retryBaseMs * 2 ** (attempt - 1);
      return isDone || waitMs >= DAY_MS ? undefined : waitMs;
    },
  });
  return {
    ...posting,
    publicKey: signer.publicKey,
    schedule: (makeEvent: () => SendgridEvent, afterMs: number) =>
      posting.schedule(() => (url === undefined ? undefined : makeEvent()), afterMs),
    setUrl: (next: string) => void (url = next),
  };
}

/** Everybody complained. */
const forge = (events: readonly SendgridEvent[]): SendgridEvent[] =>
  events.map((event) => ({ ...event, event: 'spamreport', sg_event_id: `forged-${event.sg_event_id}`.slice(0, 100) }));
