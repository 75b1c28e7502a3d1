import type { Response } from 'express';
import type { Subscriber } from '../../core/inbox/subscriber-token.js';
import type { InboxPage } from '../../db/queries/inbox.js';
import { countsBody, itemBody } from './fields.js';

/** One open answer that tells a user's page what comes into their inbox, as server-sent events. */
export type InboxStream = {
  readonly subscriber: Subscriber;
  /** Behind which item it goes on. */
  after(): number;
  /** Whether it takes more. Where it does not, what there is waits in Postgres. */
  hasRoom(): boolean;
  /** Writes what is new. True: there is more to be read at once. */
  tell(news: InboxPage): boolean;
  keepAlive(): void;
  /** Ends it, after a last event where there is one. */
  end(event?: string): void;
};

export type StreamOptions = {
  readonly subscriber: Subscriber;
  /** The item behind which it begins; without one, what comes from now on. */
  readonly after: number | undefined;
  /** How long its reader may take nothing. Then they are cut, and may come back to where they were. */
  readonly patienceMs: number;
  /** Told when it has room again. */
  readonly onRoom: () => void;
  readonly onClose: () => void;
};

/** Behind every item. */
const END_OF_LIST = Number.MAX_SAFE_INTEGER;

/** Readers that lost their server do not all come back in the same second. */
const retryMs = (): number => 1_000 + Math.floor(Math.random() * 4_000);

/** Begins to answer a page with events until it leaves or is ended. */
export function beginStream(response: Response, { subscriber, after, patienceMs, onRoom, onClose }: StreamOptions): InboxStream {
  let last = after ?? END_OF_LIST;
  let shownCounts = '';
  let impatience: NodeJS.Timeout | undefined;

  const hasRoom = (): boolean => impatience === undefined && !response.writableEnded && !response.destroyed;
  const write = (text: string): void => {
    if (response.write(text)) return;
    impatience ??= setTimeout(() => response.destroy(), patienceMs);
  };
  response.on('drain', () => {
    clearTimeout(impatience);
    impatience = undefined;
    onRoom();
  });
  response.once('close', () => {
    clearTimeout(impatience);
    onClose();
  });

  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  write(`retry: ${retryMs()}\n\n`);

  return {
    subscriber,
    after: () => last,
    hasRoom,
    tell({ items, lastSeq, ...counts }) {
      if (last === END_OF_LIST) last = lastSeq;
      // The list that the reader has seen went with its user; this one has begun anew.
      const isAnew = last > lastSeq;
      if (isAnew) last = 0;
      for (const item of items) {
        if (!hasRoom()) return false;
        write(eventOf('item', itemBody(item), item.seq));
        last = item.seq;
      }
      const shown = eventOf('counts', countsBody(counts));
      if (!hasRoom()) return false;
      if (shown !== shownCounts) write(shown);
      shownCounts = shown;
      return last < lastSeq && (isAnew || items.length > 0);
    },
    keepAlive() {
      if (hasRoom()) write(': keep-alive\n\n');
    },
    end(event) {
      if (!hasRoom()) return void response.destroy();
      if (event !== undefined) write(eventOf(event, {}));
      response.end();
    },
  };
}

/** Only what has an id moves the place at which a reader goes on. */
const eventOf = (name: string, data: object, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
