import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '../../core/random.js';

/** What can happen between a sender and us: before we have stored what it sent, or after, when only the answer is lost. */
const FAULTS = [
  'cut before it arrived',
  'cut after it was stored',
  'cut in the middle of the answer',
  '500 before it arrived',
  '500 after it was stored',
  '429 before it arrived',
  '429 after it was stored',
  '503 after it was stored',
  '408 before it arrived',
  'delivered twice at once',
] as const;
export type Fault = (typeof FAULTS)[number];

export type FaultyProxy = {
  readonly url: string;
  /** How often each fault was made. */
  readonly made: ReadonlyMap<Fault, number>;
  /** How many requests reached what stands behind, and how many of those were repetitions by the sender. */
  readonly passed: () => { readonly requests: number; readonly retries: number };
  close(): Promise<void>;
};

/** Stands before a server and makes faults on a sender's first and second tries, chosen by the seed; a third try passes. */
export async function startFaultyProxy(target: string, seed: number): Promise<FaultyProxy> {
  const random = seededRandom(seed);
  const made = new Map<Fault, number>();
  let requests = 0;
  let retries = 0;

  const pass = async (request: IncomingMessage, body: Buffer) => {
    requests += 1;
    if (request.headers['x-retry-count'] !== undefined) retries += 1;
    const { authorization = '' } = request.headers;
    const headers = { 'Content-Type': 'application/json', Authorization: authorization };
    const response = await fetch(target + (request.url ?? ''), { method: 'POST', headers, body: new Uint8Array(body) });
    return { status: response.status, text: await response.text() };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const fault =
      Number(request.headers['x-retry-count'] ?? 0) < 2 && random() < 0.6 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
    if (fault) made.set(fault, (made.get(fault) ?? 0) + 1);
    if (!fault?.endsWith('before it arrived')) {
      const [{ status, text }] = await Promise.all([
        pass(request, body),
        ...(fault === 'delivered twice at once' ? [pass(request, body)] : []),
      ]);
      if (fault === 'cut in the middle of the answer') {
        response.writeHead(status, { 'Content-Length': text.length });
        response.write(text.slice(0, 5), () => response.socket?.destroy());
        return;
      }
      if (!fault || fault === 'delivered twice at once' || status !== 200) return void response.writeHead(status).end(text);
    }
    if (fault?.startsWith('cut')) response.socket?.destroy();
    else response.writeHead(Number(fault?.slice(0, 3)), fault?.startsWith('429') ? { 'Retry-After': '1' } : {}).end();
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.socket?.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    passed: () => ({ requests, retries }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const faults: readonly Fault[] = FAULTS;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
