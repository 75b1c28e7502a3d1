import type { ServerResponse } from 'node:http';
import type { Subscriber } from '../../core/inbox/subscriber-token.js';
import { inboxTopic } from '../../core/inbox/topic.js';
import type { Database } from '../../db/client.js';
import { listenTo, type Listening } from '../../db/listening.js';
import { RequestProblem } from '../errors.js';
import { createNewsReader } from './news-reader.js';
import { beginStream, type InboxStream } from './stream.js';

export type StreamSettings = {
  readonly database: Pick<Database, 'pool'>;
  readonly now: () => number;
  /** Told when Postgres cannot be read or heard; streams stay open, and go on when it is back. */
  readonly onError: (error: unknown) => void;
  readonly mostPerUser?: number;
  readonly mostInAll?: number;
  /** How often readers are shown that the connection lives, and looked after whatever was announced. */
  readonly keepAliveMs?: number;
  /** How long a reader may take nothing before they are cut. */
  readonly patienceMs?: number;
};

/** All streams of this process. */
export type InboxStreams = {
  /** Begins a stream behind an item, or behind all there are. Throws where there are too many already. */
  open(subscriber: Subscriber, after: number | undefined, response: ServerResponse): void;
  count(): number;
  /** Ends all streams; no more are begun. */
  close(): Promise<void>;
};

/**
 * Tells open pages what comes into their users' inboxes. Postgres announces to every process whose list has changed; who has that user's
 * page open reads behind the last item that it wrote there. So nothing is kept here but that number, and a reader who comes back to
 * another process, or after a night, goes on from it without a gap.
 */
export function createInboxStreams(settings: StreamSettings): InboxStreams {
  const { database, now, onError, mostPerUser = 10, mostInAll = 2_000, keepAliveMs = 20_000, patienceMs = 15_000 } = settings;
  const byTopic = new Map<string, Set<InboxStream>>();
  const news = createNewsReader(database, onError);
  const everyStream = (): InboxStream[] => [...byTopic.values()].flatMap((streams) => [...streams]);
  let count = 0;
  let listening: Listening | undefined;
  let isClosing = false;

  const tick = setInterval(() => {
    const streams = everyStream();
    for (const stream of streams) stream.keepAlive();
    news.wake(streams);
  }, keepAliveMs);
  tick.unref();
  const listen = (): Listening =>
    listenTo(database.pool, 'madansara_inbox', {
      onNotice: (topics) => topics.split(',').forEach((topic) => news.wake(byTopic.get(topic) ?? [])),
      onBegin: () => news.wake(everyStream()),
      onError,
    });

  return {
    open(subscriber, after, response) {
      const topic = inboxTopic(subscriber.tenantId, subscriber.userId);
      const siblings = byTopic.get(topic) ?? new Set();
      if (isClosing) throw goingDown();
      if (siblings.size >= mostPerUser) throw tooMany('of this user');
      if (count >= mostInAll) throw tooMany('on this server');
      listening ??= listen();
      // Who has left meanwhile would never be heard to leave.
      if (response.destroyed) return;
      const onClose = (): void => {
        count -= 1;
        siblings.delete(stream);
        if (siblings.size === 0) byTopic.delete(topic);
      };
      const endsInMs = subscriber.expiresAtMs - now();
      const stream = beginStream(response, { subscriber, after, endsInMs, patienceMs, onRoom: () => news.wake([stream]), onClose });
      count += 1;
      byTopic.set(topic, siblings.add(stream));
      news.wake([stream]);
    },
    count: () => count,
    async close() {
      isClosing = true;
      clearInterval(tick);
      for (const stream of everyStream()) stream.end();
      await Promise.all([listening?.close(), news.settled()]);
    },
  };
}

const tooMany = (where: string): RequestProblem =>
  new RequestProblem('rate_limited', `too many streams ${where} are open`, { headers: { 'Retry-After': '30' } });
const goingDown = (): RequestProblem =>
  new RequestProblem('unavailable', 'this server is going down; connect again', { headers: { 'Retry-After': '1' } });
