import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import type { Database } from '../db/client.js';
import { serve, type DispatchDependencies } from './dispatch.js';
import { createDocsPages } from './docs.js';
import { RequestProblem, translateError } from './errors.js';
import type { Logger } from './logging.js';
import type { ApiMetrics } from './metrics.js';
import { describeApi, type DescribedOperation } from './openapi.js';
import { createRateLimiter, type RateLimits } from './rate-limits.js';
import { requestState } from './requests.js';
import type { Method, Route } from './route.js';

/** Routes that are not in the table, with what the documentation says of them. */
export type DescribedRouter = { readonly router: Router; readonly operations: readonly DescribedOperation[] };

export type AppDependencies = {
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics: ApiMetrics;
  readonly routes: readonly Route[];
  /** Segment's protocol: reads its own bodies, so it comes before everything that would. */
  readonly segment?: DescribedRouter;
  /** Users' inboxes: for pages, which show a token of their user instead of a key. */
  readonly inbox?: DescribedRouter;
  /** Users' browsers that show push messages: likewise. */
  readonly push?: DescribedRouter;
  /** What others call than our users, by protocols of theirs: webhooks, links in messages. They read their own bodies too. */
  readonly outside?: readonly Router[];
  /** Absent: the routes of the operator answer `not_available`. */
  readonly adminKey?: string;
  readonly rateLimits?: RateLimits;
  readonly version: string;
};

/** The API as an Express application; it listens nowhere yet. */
export function createApp(dependencies: AppDependencies): Express {
  const { routes, segment, inbox, push, metrics, version } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', 'loopback');
  app.use(observe(dependencies));
  app.use(setSafeHeaders);
  if (segment) app.use(segment.router);
  if (inbox) app.use(inbox.router);
  if (push) app.use(push.router);
  for (const router of dependencies.outside ?? []) app.use(router);
  const rateLimiter = createRateLimiter(dependencies.rateLimits);
  mountRoutes(app, routes, { ...dependencies, rateLimiter });

  const others = [segment, inbox, push].flatMap((one) => one?.operations ?? []);
  const document = describeApi(routes, others, version);
  app.get('/openapi.json', rateLimiter, (_request, response) => void response.json(document));
  app.get('/metrics', rateLimiter, async (request, response) => {
    requestState(request).route = '/metrics';
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  app.use(rateLimiter, createDocsPages());
  app.use((request: Request) => {
    throw new RequestProblem('not_found', `there is no ${request.method} route at this address; /openapi.json lists all`);
  });
  app.use(answerWithProblem(dependencies.logger));
  return app;
}

function mountRoutes(app: Express, routes: readonly Route[], dependencies: DispatchDependencies): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const handlers = new Map<string, (request: Request, response: Response) => Promise<void>>();
    for (const route of routes.filter((candidate) => candidate.path === path)) {
      if (handlers.has(httpMethod(route.method))) throw new Error(`${route.method} ${path} is defined twice`);
      handlers.set(httpMethod(route.method), serve(route, dependencies));
    }
    const allowed = [...handlers.keys(), ...(handlers.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.all(path.replace(/\{(\w+)\}/g, ':$1'), async (request, response) => {
      requestState(request).route = path;
      if (request.method === 'OPTIONS') return void response.status(204).set('Allow', allowed).end();
      const handler = handlers.get(request.method === 'HEAD' ? 'GET' : request.method);
      if (!handler) {
        const message = `${request.method} is not allowed here; ${allowed} are`;
        throw new RequestProblem('method_not_allowed', message, { headers: { Allow: allowed } });
      }
      return handler(request, response);
    });
  }
}

const httpMethod = (method: Method): string => method.toUpperCase();

/** Gives the request its id, and writes one line and one measurement when its answer has ended, or its caller has left. */
function observe({ logger, metrics }: Pick<AppDependencies, 'logger' | 'metrics'>) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const state = requestState(request);
    const startedAt = performance.now();
    response.set('X-Request-Id', state.requestId);
    response.once('close', () => {
      const seconds = (performance.now() - startedAt) / 1000;
      const { route = 'none', holder, subscriber } = state;
      metrics.observe({ method: request.method, route, status: response.statusCode, seconds });
      logger.info(
        {
          requestId: state.requestId,
          method: request.method,
          route,
          status: response.statusCode,
          ms: Math.round(seconds * 1000),
          ...(holder && { tenantId: holder.tenantId, keyId: holder.keyId }),
          ...(subscriber && { tenantId: subscriber.tenantId }),
          ...(!response.writableFinished && { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}

/** What browsers should know of answers that are data: never a page, never a frame, never guessed, never kept. */
function setSafeHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  next();
}

/** The last step of every request that failed. Express knows it by its four parameters. */
function answerWithProblem(logger: Logger) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    const { requestId, route } = requestState(request);
    const { problem, headers } = translateError(error, requestId);
    if (problem.status >= 500) logger.error({ requestId, route, code: problem.code, error }, 'request failed');
    if (response.headersSent) return next(error);
    response.status(problem.status).set(headers).type('application/problem+json').send(JSON.stringify(problem));
  };
}
