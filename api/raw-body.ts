import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Request } from 'express';
import { RequestProblem } from './errors.js';

export type BodyLimits = {
  /** Of the body as it arrives and, where it is compressed, as it unfolds. */
  readonly maxBytes: number;
  /** How long the whole body may take to arrive. */
  readonly timeoutMs: number;
};

const unzip = promisify(gunzip);

/**
 * Reads a body whole, and unfolds gzip. Refuses at once what says it is too large, as soon as it is seen what is, and what
 * arrives too slowly. A refused connection is closed after the answer: nobody reads what is still on its way.
 */
export async function readRawBody(request: Request, limits: BodyLimits): Promise<Buffer> {
  const encoding = (request.get('content-encoding') ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new RequestProblem('unsupported_media_type', 'Content-Encoding: gzip, or none, is expected', { headers: CLOSING });
  }
  if (Number(request.get('content-length') ?? 0) > limits.maxBytes) throw tooLarge(limits);
  const body = await collect(request, limits);
  if (encoding === 'identity') return body;
  try {
    return await unzip(body, { maxOutputLength: limits.maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(limits);
    throw new RequestProblem('invalid', 'the body is not what gzip makes');
  }
}

const CLOSING = { Connection: 'close' };

const tooLarge = ({ maxBytes }: BodyLimits): RequestProblem =>
  new RequestProblem('too_large', `the body is larger than ${Math.floor(maxBytes / 1024)} KB`, { headers: CLOSING });

function collect(request: Request, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(
      () =>
        refuse(new RequestProblem('request_timeout', `the body did not arrive within ${limits.timeoutMs / 1000} s`, { headers: CLOSING })),
      limits.timeoutMs,
    );
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limits.maxBytes) return refuse(tooLarge(limits));
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      letGo();
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes));
    };
    const onBreak = (): void =>
      refuse(new RequestProblem('invalid', 'the request broke off before its body had arrived', { headers: CLOSING }));
    const letGo = (): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('aborted', onBreak).off('error', onBreak);
    };
    const refuse = (problem: RequestProblem): void => {
      letGo();
      request.on('error', () => undefined);
      reject(problem);
    };
    request.on('data', onData).on('end', onEnd).on('aborted', onBreak).on('error', onBreak);
  });
}

const MOST_DRAINED_BYTES = 64 * 1024 * 1024;

/**
 * Ends a connection whose body was not read: what still comes is thrown away for a moment, since a sender that meets a reset
 * while it writes would never read the answer. Then it is cut.
 */
export function endUnreadConnection(request: Request, lingerMs: number): void {
  const { socket } = request;
  if (request.complete || socket.destroyed) return;
  let bytes = 0;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_DRAINED_BYTES) socket.destroy();
  });
  request.on('end', () => socket.end());
  socket.once('close', () => clearTimeout(timer));
  request.resume();
}
