import { seededRandom } from '../../core/random.js';
import type { SendgridEvent } from './events.js';
import { faultScript, type Chances, type WebhookFault } from './faults.js';
import { createSigner, type Signer } from './signing.js';
import { timingWheel } from './timing-wheel.js';

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

/** One POST to the webhook and how it was answered. */
export type Delivery = {
  readonly events: readonly SendgridEvent[];
  readonly attempt: number;
  readonly isForged: boolean;
  /** The status, or why there was none. */
  readonly answer: number | string;
};

const DAY_MS = 86_400_000;
const AT_ONCE = 8;

export type WebhookSender = ReturnType<typeof webhookSender>;

/** Posts events in signed batches until they are answered with 2xx, with all the faults that such a post can have. */
export function webhookSender(
  options: WebhookOptions,
  context: { readonly seed: number; readonly signer: Signer; readonly now: () => number },
) {
  const { maxBatch = 128, flushMs = 50, retryBaseMs = 1_000, answerTimeoutMs = 10_000 } = options;
  const forger = createSigner();
  const random = seededRandom(context.seed);
  const script = faultScript(options.chances);
  const deliveries: Delivery[] = [];
  const held: SendgridEvent[][] = [];
  const queue: (() => Promise<void>)[] = [];
  const idle: (() => void)[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let url = options.url;
  let pending = 0;
  let active = 0;
  let isClosed = false;

  const wheel = timingWheel<() => SendgridEvent>(flushMs, (due) => {
    if (url !== undefined)
      for (let from = 0; from < due.length; from += maxBatch) start(due.slice(from, from + maxBatch).map((make) => make()));
    settle();
  });

  /** At most so many posts at once; the rest wait their turn. */
  function run(job: () => Promise<void>): void {
    pending += 1;
    queue.push(job);
    pump();
  }
  function pump(): void {
    while (active < AT_ONCE && queue.length > 0) {
      active += 1;
      void queue
        .shift()?.()
        .finally(() => {
          active -= 1;
          pending -= 1;
          pump();
          settle();
        });
    }
  }
  function later(delayMs: number, action: () => void): void {
    pending += 1;
    const timer = setTimeout(() => {
      timers.delete(timer);
      pending -= 1;
      if (!isClosed) action();
      settle();
    }, delayMs);
    timers.add(timer);
  }
  function settle(): void {
    if (pending + wheel.size() > 0 && !isClosed) return;
    if (held.length > 0 && !isClosed) return release();
    for (const resolve of idle.splice(0)) resolve();
  }
  const release = () => held.splice(0).forEach((events) => deliver(events));

  function start(events: SendgridEvent[]): void {
    const fault = script.next();
    switch (fault?.kind) {
      case undefined:
        return deliver(events);
      case 'duplicate':
        for (let copy = 0; copy < fault.copies; copy += 1) deliver(events);
        return;
      case 'late':
        return later(fault.delayMs, () => deliver(events));
      case 'reordered':
        return void held.push(shuffled(events, random));
      case 'forged':
        run(async () => void (await post(forgery(events), 1, forger)));
        return deliver(events);
      case 'answer_lost':
        return deliver(events, 1, true);
    }
  }

  function deliver(events: readonly SendgridEvent[], attempt = 1, losesAnswer = false): void {
    run(async () => {
      const answer = await post(events, attempt, context.signer);
      const isDone = !losesAnswer && typeof answer === 'number' && answer >= 200 && answer < 300;
      const waitMs = retryBaseMs * 2 ** (attempt - 1);
      if (!isDone && waitMs < DAY_MS) later(waitMs, () => deliver(events, attempt + 1));
      release();
    });
  }

  async function post(events: readonly SendgridEvent[], attempt: number, signer: Signer): Promise<number | string> {
    const body = JSON.stringify(events);
    const headers = { 'Content-Type': 'application/json', 'User-Agent': 'SendGrid Event API', ...signer.headers(body, context.now()) };
    const init = { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(answerTimeoutMs) } as const;
    const answer = await fetch(url ?? '', init).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    deliveries.push({ events, attempt, isForged: signer === forger, answer });
    return answer;
  }

  return {
    publicKey: context.signer.publicKey,
    schedule: (makeEvent: () => SendgridEvent, afterMs: number) => wheel.add(makeEvent, afterMs),
    setUrl: (next: string) => void (url = next),
    misbehave: script.add,
    deliveries: (): readonly Delivery[] => deliveries,
    /** How many events and posts are still to come. */
    pending: () => pending + wheel.size() + held.length,
    /** Resolves when every event that was made has been answered for. */
    drained: () =>
      new Promise<void>((resolve) => {
        idle.push(resolve);
        settle();
      }),
    close(): void {
      isClosed = true;
      wheel.close();
      timers.forEach((timer) => clearTimeout(timer));
      settle();
    },
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const mixed = items.toReversed();
  for (let i = mixed.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}

/** What a forger would like us to believe: everybody complained. */
const forgery = (events: readonly SendgridEvent[]): SendgridEvent[] =>
  events.map((event) => ({ ...event, event: 'spamreport', sg_event_id: `forged-${event.sg_event_id}`.slice(0, 100) }));
