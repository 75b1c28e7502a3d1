import { get, type IncomingMessage } from 'node:http';
import { waitUntil } from '../../sandbox/processes.js';

/** An event as a page would see it. Comments are events without a name. */
export type Heard = { readonly id: string | undefined; readonly event: string; readonly data: string };

export type EventReader = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly heard: readonly Heard[];
  /** The data of the events of one name. */
  dataOf(event: string): readonly Record<string, unknown>[];
  isOver(): boolean;
  /** Waits until what was heard is so. */
  until(isSo: (heard: readonly Heard[]) => boolean): Promise<void>;
  close(): void;
};

/** Reads server-sent events as a browser does that sends headers of its own. */
export async function readEvents(
  url: string,
  { token, lastEventId }: { readonly token?: string; readonly lastEventId?: string | number } = {},
): Promise<EventReader> {
  const request = get(url, {
    agent: false,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(lastEventId !== undefined && { 'Last-Event-ID': String(lastEventId) }),
    },
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => request.once('response', resolve).once('error', reject));
  const heard: Heard[] = [];
  let rest = '';
  let isOver = false;
  response.setEncoding('utf8').on('data', (text: string) => {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    heard.push(...frames.map(readFrame));
  });
  response.on('error', () => undefined).once('close', () => (isOver = true));
  request.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    heard,
    dataOf: (event) => heard.filter((one) => one.event === event).map(({ data }) => JSON.parse(data)),
    isOver: () => isOver,
    async until(isSo) {
      if (await waitUntil(() => Promise.resolve(isSo(heard)), 20_000, 5)) return;
      throw new Error(`not heard within 20 seconds; the last of ${heard.length} events: ${JSON.stringify(heard.slice(-5))}`);
    },
    close: () => void request.destroy(),
  };
}

function readFrame(frame: string): Heard {
  const fields = new Map(frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
  return { id: fields.get('id'), event: fields.get('event') ?? '', data: fields.get('data') ?? fields.get('') ?? '' };
}
