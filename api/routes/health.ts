import { z } from 'zod';
import { definePublicRoute, type Route } from '../route.js';

/** A thing that the API needs, and how to find out whether it is there: the promise rejects, or lasts too long, when not. */
export type ReadinessCheck = { readonly name: string; readonly check: () => Promise<unknown> };

const CHECK_TIMEOUT_MS = 3_000;

const Readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  dependencies: z.array(z.object({ name: z.string(), status: z.enum(['up', 'down']) })),
  down: z.array(z.string()).describe('The names of what cannot be reached.'),
});

export function createHealthRoutes(checks: readonly ReadinessCheck[], isClosing: () => boolean): readonly Route[] {
  return [
    definePublicRoute({
      method: 'get',
      path: '/healthz',
      tag: 'Operation',
      summary: 'Is the process alive?',
      responses: { 200: z.object({ status: z.literal('ok') }).describe('It is.') },
    }).handledBy(() => Promise.resolve({ status: 200, body: { status: 'ok' } })),
    definePublicRoute({
      method: 'get',
      path: '/readyz',
      tag: 'Operation',
      summary: 'Can it serve requests? Names what is down when it cannot.',
      responses: {
        200: Readiness.describe('Everything that it needs is there.'),
        503: Readiness.describe('Something is down, or the process is ending.'),
      },
    }).handledBy(async () => {
      const dependencies = await Promise.all(checks.map(async ({ name, check }) => ({ name, status: await statusOf(check) })));
      const down = dependencies.filter(({ status }) => status === 'down').map(({ name }) => name);
      return down.length === 0 && !isClosing()
        ? { status: 200, body: { status: 'ready', dependencies, down } }
        : { status: 503, body: { status: 'not_ready', dependencies, down } };
    }),
  ];
}

async function statusOf(check: () => Promise<unknown>): Promise<'up' | 'down'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'down'>((resolve) => {
    timer = setTimeout(resolve, CHECK_TIMEOUT_MS, 'down');
  });
  try {
    return await Promise.race([check().then(() => 'up' as const), timeout]);
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}
