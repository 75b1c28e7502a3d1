import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export function reply(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Whether a request bears one of the keys, which are known by their hashes. */
export function isKeyOf({ headers }: IncomingMessage, keyHashes: ReadonlySet<string>): boolean {
  const [, key] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
  return key !== undefined && keyHashes.has(hashed(key));
}

export const hashed = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Nothing for a body that is too large. It is read to its end all the same: who is still writing would not see an answer. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes <= maxBytes ? Buffer.concat(chunks) : undefined;
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
