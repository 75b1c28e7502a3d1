import type { ServerResponse } from 'node:http';
import type { Subscriber } from '../../core/inbox/subscriber-token.js';
import type { InboxPage } from '../../db/queries/inbox.js';
import { countsBody, itemBody } from './fields.js';

/** One open answer that tells a user's page what comes into their inbox, as server-sent events. */
export type InboxStream = {
  readonly subscriber: Subscriber;
  /** Behind which item it goes on. */
  after(): number;
  /** Whether it takes more: where its reader is slow, what there is waits in Postgres. */
  hasRoom(): boolean;
  /** Writes what is new. True: there is more to be read at once. */
  tell(news: InboxPage): boolean;
  keepAlive(): void;
  end(): void;
};

export type StreamOptions = {
  readonly subscriber: Subscriber;
  /** The item behind which it begins; without one, what comes from now on. */
  readonly after: number | undefined;
  /** When the subscriber's token expires. */
  readonly endsInMs: number;
  /** How long its reader may take nothing. Then they are cut, and may come back to where they were. */
  readonly patienceMs: number;
  /** Told when it has room again. */
  readonly onRoom: () => void;
  readonly onClose: () => void;
};

/** What is kept here for a reader who does not take it as fast as it comes; the rest waits in Postgres. */
const MOST_KEPT_BYTES = 128 * 1_024;

/** Behind every item. */
const END_OF_LIST = Number.MAX_SAFE_INTEGER;

/** Readers that lost their server do not all come back in the same second. */
const retryMs = (): number => 1_000 + Math.floor(Math.random() * 4_000);

/** Begins to answer a page with events until it leaves or is ended. */
export function beginStream(response: ServerResponse, { subscriber, after, endsInMs, onClose, ...writing }: StreamOptions): InboxStream {
  let last = after ?? END_OF_LIST;
  let shownCounts = '';
  const expiry = setTimeout(() => end('expired'), endsInMs);
  response.once('close', () => {
    clearTimeout(expiry);
    onClose();
  });
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  const { write, hasRoom } = writeTo(response, writing);
  write(`retry: ${retryMs()}\n\n`);
  const end = (event?: string): void => {
    if (!hasRoom()) return void response.destroy();
    if (event !== undefined) write(eventOf(event, {}));
    response.end();
  };

  return {
    subscriber,
    after: () => last,
    hasRoom,
    tell({ items, lastSeq, ...counts }) {
      const beginsHere = last === END_OF_LIST;
      if (beginsHere) last = lastSeq;
      // The list that the reader has seen went with its user; this one has begun anew.
      const isAnew = last > lastSeq;
      if (isAnew) last = 0;
      for (const item of items) {
        if (!hasRoom()) return false;
        write(eventOf('item', itemBody(item), item.seq));
        last = item.seq;
      }
      if (!hasRoom()) return false;
      const shown = JSON.stringify(countsBody(counts));
      // A reader without a place gets one at once: what comes while they are away is not lost either.
      if (shown !== shownCounts) write(eventOf('counts', countsBody(counts), beginsHere ? last : undefined));
      shownCounts = shown;
      return last < lastSeq && (isAnew || items.length > 0);
    },
    keepAlive() {
      if (hasRoom()) write(': keep-alive\n\n');
    },
    end: () => end(),
  };
}

/** Writes as fast as it is taken, keeps little of what is not, and cuts the connection when nothing is taken for long. */
function writeTo(response: ServerResponse, { patienceMs, onRoom }: Pick<StreamOptions, 'patienceMs' | 'onRoom'>) {
  let impatience: NodeJS.Timeout | undefined;
  const beContent = (): void => {
    clearTimeout(impatience);
    impatience = undefined;
  };
  response.once('close', beContent);
  response.on('drain', () => {
    beContent();
    onRoom();
  });
  return {
    hasRoom: (): boolean => response.writableLength < MOST_KEPT_BYTES && !response.writableEnded && !response.destroyed,
    write(text: string): void {
      if (!response.write(text)) impatience ??= setTimeout(() => response.destroy(), patienceMs);
    },
  };
}

/** What has an id moves the place at which a reader goes on. */
const eventOf = (name: string, data: object, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
