import { createServer, STATUS_CODES, type Server } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import type { Express } from 'express';
import { problemOf, type ProblemCode } from './errors.js';

export type ListenOptions = { readonly host: string; readonly port: number };

export type RunningServer = {
  readonly port: number;
  /** Takes no more requests, lets those under way end for up to `graceMs`, and then cuts what is left. */
  close(graceMs?: number): Promise<void>;
};

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
const SILENT_SOCKET_TIMEOUT_MS = 120_000;
const SHUTDOWN_GRACE_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Listens, with time-outs against callers who speak slowly or not at all. An occupied port is one clear sentence. */
export async function listen(app: Express, { host, port }: ListenOptions): Promise<RunningServer> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 65_000, // longer than the minute for which load balancers keep a connection
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    app,
  );
  server.setTimeout(SILENT_SOCKET_TIMEOUT_MS);
  server.on('clientError', answerBrokenRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  return { port: portOf(server), close: (graceMs = SHUTDOWN_GRACE_MS) => close(server, graceMs) };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const sentences: Record<string, string> = {
    EADDRINUSE: `port ${port} on ${host} is occupied by another program: end it, or set API_PORT to a free port`,
    EACCES: `this user may not listen on port ${port}: set API_PORT to a port above 1023`,
    EADDRNOTAVAIL: `this machine has no address ${host}: set API_HOST to one of its own, or to 127.0.0.1`,
  };
  return new Error(sentences[error.code ?? ''] ?? `the API cannot listen on ${host}:${port}: ${error.message}`, { cause: error });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

/** What is not HTTP never reaches the application: it is answered here, in the same form, and the connection ends. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const { code, detail } = BROKEN[error.code ?? ''] ?? { code: 'invalid', detail: 'this is not an HTTP request that can be read' };
  const problem = problemOf(code, detail, requestId);
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

const BROKEN: Readonly<Record<string, { readonly code: ProblemCode; readonly detail: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: `the headers are larger than ${MAX_HEADER_BYTES} bytes` },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: `a request must arrive within ${REQUEST_TIMEOUT_MS / 1000} s` },
};

const IDLE_CHECK_MS = 50;

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection whose answer ends from now on becomes idle, and would be kept for its next request.
  const dropIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(dropIdle);
  clearTimeout(cut);
}
