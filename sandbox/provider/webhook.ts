import { seededRandom } from '../../core/random.js';
import { faultScript, type Chances, type WebhookFault } from './faults.js';
import { timingWheel } from './timing-wheel.js';

/** What is posted; or what somebody looks at who has got a message. */
export type Post = { readonly url: string; readonly headers: Readonly<Record<string, string>> } & (
  { readonly method?: 'POST'; readonly body: string } | { readonly method: 'GET'; readonly body?: never }
);

/** How one provider posts its events. */
export type PostingRules<E> = {
  readonly maxBatch: number;
  readonly flushMs: number;
  readonly answerTimeoutMs: number;
  readonly seed: number;
  readonly chances: Chances<WebhookFault> | undefined;
  readonly post: (events: readonly E[], isForged: boolean) => Post;
  /** What a forger would like us to believe. */
  readonly forge: (events: readonly E[]) => readonly E[];
  /** How long after the answer to the first, second … attempt the next one comes; nothing: never. */
  readonly retryAfterMs: (answer: Answer, attempt: number, events: readonly E[]) => number | undefined;
};

/** The status, or why there was none: an error's name, or `lost` where only the provider did not see it. */
export type Answer = number | string;

/** One POST to a webhook and how it was answered. */
export type Delivery<E> = {
  readonly events: readonly E[];
  readonly attempt: number;
  readonly isForged: boolean;
  readonly answer: Answer;
};

const AT_ONCE = 8;

/** Posts events in batches until they are answered well, with all the faults that such a post can have. */
export function startPosting<E>(rules: PostingRules<E>) {
  const random = seededRandom(rules.seed);
  const script = faultScript(rules.chances);
  const deliveries: Delivery<E>[] = [];
  const held: (readonly E[])[] = [];
  const idle: (() => void)[] = [];
  const work = workQueue(settle);
  let isClosed = false;

  const wheel = timingWheel<() => E | undefined>(rules.flushMs, (due) => {
    const events = due.map((make) => make()).filter((event) => event !== undefined);
    for (let from = 0; from < events.length; from += rules.maxBatch) start(events.slice(from, from + rules.maxBatch));
    settle();
  });

  function settle(): void {
    if (work.pending() + wheel.size() > 0 && !isClosed) return;
    if (held.length > 0 && !isClosed) return release();
    for (const resolve of idle.splice(0)) resolve();
  }
  const release = () => held.splice(0).forEach((events) => deliver(events));

  function start(events: readonly E[]): void {
    const fault = script.next();
    switch (fault?.kind) {
      case undefined:
        return deliver(events);
      case 'duplicate':
        for (let copy = 0; copy < fault.copies; copy += 1) deliver(events);
        return;
      case 'late':
        return work.later(fault.delayMs, () => deliver(events));
      case 'reordered':
        return void held.push(shuffled(events, random));
      case 'forged':
        work.run(async () => void (await send(rules.forge(events), 1, true)));
        return deliver(events);
      case 'answer_lost':
        return deliver(events, 1, true);
    }
  }

  function deliver(events: readonly E[], attempt = 1, losesAnswer = false): void {
    work.run(async () => {
      const answer = await send(events, attempt, false);
      const waitMs = rules.retryAfterMs(losesAnswer ? 'lost' : answer, attempt, events);
      if (waitMs !== undefined) work.later(waitMs, () => deliver(events, attempt + 1));
      release();
    });
  }

  async function send(events: readonly E[], attempt: number, isForged: boolean): Promise<Answer> {
    const { url, method = 'POST', headers, body } = rules.post(events, isForged);
    const answer = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(rules.answerTimeoutMs),
    }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    deliveries.push({ events, attempt, isForged, answer });
    return answer;
  }

  return {
    /** The event is made when it is due; where nothing is made, nobody is told. */
    schedule: (makeEvent: () => E | undefined, afterMs: number) => wheel.add(makeEvent, afterMs),
    misbehave: script.add,
    deliveries: (): readonly Delivery<E>[] => deliveries,
    /** How many events and posts are still to come. */
    pending: () => work.pending() + wheel.size() + held.length,
    /** Resolves when every event that was made has been answered for. */
    drained: () =>
      new Promise<void>((resolve) => {
        idle.push(resolve);
        settle();
      }),
    close(): void {
      isClosed = true;
      wheel.close();
      work.close();
      settle();
    },
  };
}

/** At most so many jobs at once, the rest wait their turn; and jobs for later. `settled` is called after each. */
function workQueue(settled: () => void) {
  const queue: (() => Promise<void>)[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let pending = 0;
  let active = 0;
  let isClosed = false;
  function pump(): void {
    while (active < AT_ONCE && queue.length > 0) {
      active += 1;
      void queue
        .shift()?.()
        .finally(() => {
          active -= 1;
          pending -= 1;
          pump();
          settled();
        });
    }
  }
  return {
    pending: () => pending,
    run(job: () => Promise<void>): void {
      pending += 1;
      queue.push(job);
      pump();
    },
    later(delayMs: number, action: () => void): void {
      if (isClosed) return;
      pending += 1;
      const timer = setTimeout(() => {
        timers.delete(timer);
        pending -= 1;
        action();
        settled();
      }, delayMs);
      timers.add(timer);
    },
    close(): void {
      isClosed = true;
      queue.length = 0;
      timers.forEach((timer) => clearTimeout(timer));
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
