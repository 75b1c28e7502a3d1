import type { Database } from '../../db/client.js';
import { readInboxNews } from '../../db/queries/inbox.js';
import type { InboxStream } from './stream.js';

/** Reads for streams what is new in their inboxes. */
export type NewsReader = {
  /** There may be something new for these. */
  wake(streams: Iterable<InboxStream>): void;
  /** Ends when nothing is being read. */
  settled(): Promise<void>;
};

/** Items that a stream is told at a time. */
const MOST_ITEMS = 20;
/** Streams that are read for in one query. */
const MOST_READERS = 200;
const TRY_AGAIN_MS = 1_000;

/**
 * Reads in one query after the other, for many streams at once: however fast news are announced, those that come while one runs wait
 * together for the next. What a stream has no room for is not read.
 */
export function createNewsReader({ pool }: Pick<Database, 'pool'>, onError: (error: unknown) => void): NewsReader {
  const waiting = new Set<InboxStream>();
  let isReading = false;
  let reading = Promise.resolve();

  const readAll = async (): Promise<void> => {
    try {
      for (let group = takeGroup(waiting); group.length > 0; group = takeGroup(waiting)) await readFor(group);
    } finally {
      isReading = false;
    }
  };
  const readFor = async (group: readonly InboxStream[]): Promise<void> => {
    try {
      for (const stream of await tell({ pool }, group)) waiting.add(stream);
    } catch (error) {
      for (const stream of group) waiting.add(stream);
      onError(error);
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  };
  return {
    wake(streams) {
      for (const stream of streams) waiting.add(stream);
      if (isReading) return;
      isReading = true;
      reading = readAll();
    },
    settled: () => reading,
  };
}

/** Takes streams out that can be read for together: of one tenant. Those without room, or at their end, ask again when they can. */
function takeGroup(waiting: Set<InboxStream>): InboxStream[] {
  const group: InboxStream[] = [];
  for (const stream of waiting) {
    if (group.length === MOST_READERS) break;
    if (stream.hasRoom() && group[0] && group[0].subscriber.tenantId !== stream.subscriber.tenantId) continue;
    waiting.delete(stream);
    if (stream.hasRoom()) group.push(stream);
  }
  return group;
}

/** Tells streams of one tenant what is new, and gives those for which there is more. */
async function tell(database: Pick<Database, 'pool'>, group: readonly InboxStream[]): Promise<InboxStream[]> {
  const [first] = group;
  if (!first) return [];
  const readers = group.map((stream) => ({ userId: stream.subscriber.userId, after: stream.after() }));
  const pages = await readInboxNews(database, first.subscriber.tenantId, readers, MOST_ITEMS);
  return group.filter((stream, i) => {
    const page = pages[i];
    return page !== undefined && stream.tell(page);
  });
}
