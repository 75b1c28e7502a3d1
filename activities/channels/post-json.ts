import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { BrokenCall } from '../../core/message/broken-call.js';
import { watchConnection } from './watched-connection.js';

export type Answered = {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** As JSON; nothing where it is none. */
  readonly body: unknown;
};

export type JsonPost = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** For the whole of it, from looking up the name to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

/** More than any answer to a message has. */
const MOST_BYTES = 1_000_000;

/** Posts JSON once, over a connection of its own, and tells what was seen of it. Never throws; follows no redirect. */
export async function postJson({ url, headers, body, timeoutMs, signal }: JsonPost): Promise<Answered | BrokenCall> {
  const { agents, written } = watchConnection();
  const isSecure = url.startsWith('https:');
  const deadline = AbortSignal.timeout(timeoutMs);
  const payload = Buffer.from(JSON.stringify(body));
  const options = {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': String(payload.length) },
    agent: isSecure ? agents.httpsAgent : agents.httpAgent,
    signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
  };
  return new Promise((resolve) => {
    const broken = (error: unknown) => {
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
      resolve({ kind: 'broken', code: typeof code === 'string' ? code : undefined, written: written() });
    };
    const sent = (isSecure ? httpsRequest : httpRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', broken);
      response.on('end', () =>
        resolve({
          kind: 'answered',
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: parsed(Buffer.concat(chunks).toString('utf8')),
        }),
      );
    });
    sent.on('error', broken);
    sent.end(payload);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
