import type pg from 'pg';

export type Hearer = {
  /** What was said, each time. */
  readonly onNotice: (payload: string) => void;
  /** A session has begun to hear: what was said before it, nobody has heard. */
  readonly onBegin: () => void;
  /** Told of a session that was lost or could not be had; another one is tried. */
  readonly onError: (error: unknown) => void;
};

export type Listening = { close(): Promise<void> };

const TRY_AGAIN_MS = 1_000;

/** Hears what Postgres notifies on a channel until closed, in a session of its own. */
export function listenTo(pool: pg.Pool, channel: string, hearer: Hearer): Listening {
  let isClosing = false;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const running = (async () => {
    while (!isClosing) {
      try {
        await hear(pool, channel, { ...hearer, stopped });
      } catch (error) {
        if (!isClosing) hearer.onError(error);
        await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS))]);
      }
    }
  })();
  return {
    close() {
      isClosing = true;
      stop();
      return running;
    },
  };
}

/** One session, until it is lost or stopped. */
async function hear(
  pool: pg.Pool,
  channel: string,
  { stopped, onNotice, onBegin }: Hearer & { readonly stopped: Promise<void> },
): Promise<void> {
  const client = await pool.connect();
  try {
    const lost = new Promise<never>((_, reject) => {
      client.on('error', reject);
      client.on('end', () => reject(new Error('Connection terminated')));
    });
    client.on('notification', ({ payload = '' }) => onNotice(payload));
    await Promise.race([client.query(`listen ${client.escapeIdentifier(channel)}`), lost]);
    onBegin();
    await Promise.race([stopped, lost]);
  } finally {
    client.release(true);
  }
}
