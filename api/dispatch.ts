import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Database } from '../db/client.js';
import { authenticate, requireAdmin, requireScope } from './auth.js';
import { RequestProblem } from './errors.js';
import { answerOnce, parseIdempotencyKey } from './idempotency.js';
import { requestState, step } from './requests.js';
import type { MediaType, Route, RouteAnswer } from './route.js';

export type DispatchDependencies = {
  readonly database: Database;
  readonly adminKey?: string;
  readonly rateLimiter: RequestHandler;
};

const BODY_LIMIT_BYTES = 128 * 1024;
const readJson = express.json({ limit: BODY_LIMIT_BYTES, type: () => true, strict: false });

/** Serves one route, in this order: who is it, how often, may they, what do they say, and only then: do it. */
export function serve(route: Route, dependencies: DispatchDependencies): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    await admit(route, dependencies, request, response);
    const body = await readBody(route, request, response);
    const prepared = route.prepare({ params: request.params, query: request.query, body });
    const { requestId, holder } = requestState(request);
    const run = () => prepared.run({ requestId, ...(holder && { caller: holder }) });
    const key = route.startsSomething ? parseIdempotencyKey(request.get('idempotency-key')) : undefined;
    const answer =
      holder && key !== undefined
        ? await answerOnce(dependencies.database, { tenantId: holder.tenantId, key, canonical: prepared.canonical }, run)
        : await run();
    send(response, answer, route.mediaType);
  };
}

/** A failed attempt is counted against its address, and then told. */
async function admit(route: Route, { database, adminKey, rateLimiter }: DispatchDependencies, request: Request, response: Response) {
  const state = requestState(request);
  let refusal: unknown;
  try {
    if (route.scope === 'admin') requireAdmin(adminKey, request);
    else if (route.scope !== 'public') state.holder = await authenticate(database, request);
  } catch (error) {
    refusal = error;
  }
  await step(rateLimiter, request, response);
  if (refusal !== undefined) throw refusal instanceof Error ? refusal : new Error('authentication failed', { cause: refusal });
  if (state.holder && route.scope !== 'admin' && route.scope !== 'public') requireScope(state.holder, route.scope);
}

async function readBody(route: Route, request: Request, response: Response): Promise<unknown> {
  if (!route.schemas.body) return {};
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.get('content-length') ?? 0) > 0;
  if (!hasBody) return {};
  if (!request.is('application/json')) {
    throw new RequestProblem('unsupported_media_type', 'a body of the type application/json is expected');
  }
  await step(readJson, request, response);
  const body: unknown = request.body;
  return body;
}

function send(response: Response, { status, body, headers = {} }: RouteAnswer, mediaType: MediaType): void {
  response.status(status).set(headers);
  if (mediaType === 'application/json') response.json(body);
  else response.type(mediaType).send(String(body));
}
