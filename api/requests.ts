import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { TenantId } from '../core/ids.js';
import type { KeyHolder } from '../db/queries/api-keys.js';

/** What becomes known about a request on its way through. */
export type RequestState = {
  readonly requestId: string;
  /** The route's path as the documentation writes it: logs and metrics name routes, because addresses hold ids of people. */
  route?: string;
  holder?: KeyHolder;
  /** Whose page it is that shows a user's inbox, under a name that says nothing of them. */
  subscriber?: { readonly tenantId: TenantId; readonly topic: string };
  /** The link of ours that it follows, once the link is known to be one. */
  link?: string;
};

const states = new WeakMap<Request, RequestState>();

/** A caller may bring an id of its own, so that its log and ours can be laid side by side. */
const ACCEPTABLE_ID = /^[\w.:-]{1,128}$/;

export function requestState(request: Request): RequestState {
  const known = states.get(request);
  if (known) return known;
  const brought = request.get('x-request-id');
  const state = { requestId: brought && ACCEPTABLE_ID.test(brought) ? brought : randomUUID() };
  states.set(request, state);
  return state;
}

/** Runs a middleware as a step of a function that awaits. */
export function step(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const next: NextFunction = (error?: unknown) => {
      if (error === undefined || error === 'route' || error === 'router') resolve();
      else reject(error instanceof Error ? error : new Error('a middleware failed', { cause: error }));
    };
    void Promise.resolve(middleware(request, response, next)).catch(next);
  });
}
