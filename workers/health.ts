import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export type WorkerHealth = { readonly port: number; close(): Promise<void> };

export type HealthSources = {
  readonly registry: Registry;
  /** What the worker says of itself; it is healthy while it runs. */
  readonly state: () => string;
};

/** `/healthz` and `/metrics` of a worker, for service managers and Prometheus. An occupied port is an error of one sentence. */
export async function serveHealth(port: number, { registry, state }: HealthSources): Promise<WorkerHealth> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path === '/healthz') {
      const now = state();
      response.writeHead(now === 'RUNNING' ? 200 : 503, { 'Content-Type': 'application/json' }).end(JSON.stringify({ state: now }));
    } else if (path === '/metrics') {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
        () => response.writeHead(503).end(),
      );
    } else {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('/healthz and /metrics are here\n');
    }
  });
  await listening(server, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} is occupied by another program: end it, or set WORKER_PORT to a free port`, { cause: error })
          : error,
      ),
    );
    // Prometheus asks from another machine; nothing here is anybody's.
    server.listen(port, resolve);
  });
}
