import { z } from 'zod';
import type { TenantId } from '../core/ids.js';
import type { Scope } from '../core/scopes.js';
import { RequestProblem, type RequestFault } from './errors.js';

/** Who may call a route: a tenant's key with that scope, the operator's key, or anybody. */
export type Access = Scope | 'admin' | 'public';
export type MediaType = 'application/json' | 'image/svg+xml';
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

const Nothing = z.strictObject({});
type Nothing = typeof Nothing;
type Responses = { readonly [status: number]: z.ZodType };

/** An answer with one of the declared statuses and the body that its schema describes. */
export type Answer<R extends Responses> = {
  [S in keyof R & number]: { readonly status: S; readonly body: z.input<R[S]>; readonly headers?: Readonly<Record<string, string>> };
}[keyof R & number];

type Caller = {
  /** The tenant of the key. No route of a tenant takes it from anywhere else. */
  readonly tenantId: TenantId;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
};

type Call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly requestId: string;
};

type Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends Responses> = {
  readonly method: Method;
  /** As in OpenAPI: `/v1/walks/{walk_date}`. Each name in braces is a key of `params`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** The heading under which the documentation lists it. */
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** A schema for each status of success, described with `.describe()`. Errors are problem+json everywhere and are not listed. */
  readonly responses: R;
  /** JSON when absent. Of any other kind the body is the text that is sent. */
  readonly mediaType?: MediaType;
};

/** Takes the handler in a second step: only so does its answer keep its literal types. */
type HandledBy<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends Responses, C> = {
  handledBy(handler: (call: Call<P, Q, B> & C) => Promise<Answer<R>>): Route;
};

export type RawCall = { readonly params: unknown; readonly query: unknown; readonly body: unknown };
export type RouteAnswer = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };
export type RunContext = { readonly requestId: string; readonly caller?: Caller };

/** A route as the application, the documentation and the tests see it: one table of these is all that is served. */
export type Route = {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly scope: Access;
  readonly startsSomething: boolean;
  readonly mediaType: MediaType;
  readonly schemas: { readonly params?: z.ZodType; readonly query?: z.ZodType; readonly body?: z.ZodType; readonly responses: Responses };
  /** Validates, and gives what is left to do, with the validated request in a form that can be compared with another. */
  prepare(raw: RawCall): { readonly canonical: string; run(context: RunContext): Promise<RouteAnswer> };
};

type TenantRoute = {
  readonly scope: Scope;
  /** It starts something: an Idempotency-Key is honoured. Its answer is kept for a day, so it must hold no secret. */
  readonly startsSomething?: boolean;
};

/** A route for a tenant's key that has the scope. */
export function defineRoute<
  R extends Responses,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(definition: Definition<P, Q, B, R> & TenantRoute): HandledBy<P, Q, B, R, Caller> {
  const { scope, startsSomething = false } = definition;
  return {
    handledBy: (handler) =>
      makeRoute(definition, { scope, startsSomething }, (call, { caller }) => {
        if (!caller) throw new Error(`${definition.path} was run without a caller`);
        const { tenantId, keyId, scopes } = caller;
        return handler({ ...call, tenantId, keyId, scopes });
      }),
  };
}

/** A route for the operator's key (`ADMIN_API_KEY`), which is no tenant's. */
export function defineAdminRoute<
  R extends Responses,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(definition: Definition<P, Q, B, R>): HandledBy<P, Q, B, R, unknown> {
  return { handledBy: (handler) => makeRoute(definition, { scope: 'admin', startsSomething: false }, handler) };
}

/** A route for anybody, which must show nothing of any tenant. */
export function definePublicRoute<
  R extends Responses,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(definition: Definition<P, Q, B, R>): HandledBy<P, Q, B, R, unknown> {
  return { handledBy: (handler) => makeRoute(definition, { scope: 'public', startsSomething: false }, handler) };
}

function makeRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends Responses>(
  definition: Definition<P, Q, B, R>,
  { scope, startsSomething }: Pick<Route, 'scope' | 'startsSomething'>,
  run: (call: Call<P, Q, B>, context: RunContext) => Promise<Answer<R>>,
): Route {
  const { method, path, summary, description, tag, params, query, body, responses, mediaType = 'application/json' } = definition;
  return {
    method,
    path,
    summary,
    ...(description && { description }),
    tag,
    scope,
    startsSomething,
    mediaType,
    schemas: { ...(params && { params }), ...(query && { query }), ...(body && { body }), responses },
    prepare(raw) {
      const faults: RequestFault[] = [];
      // Where a route declares nothing, its type parameter is Nothing, which an empty object satisfies.
      const call = {
        params: validate('path', params ?? Nothing, raw.params, faults),
        query: validate('query', query ?? Nothing, raw.query, faults),
        body: body ? validate('body', body, raw.body, faults) : {},
      } as Omit<Call<P, Q, B>, 'requestId'>;
      if (faults.length > 0) throw new RequestProblem('invalid', sentence(faults), { faults });
      return {
        canonical: JSON.stringify([method, path, call.params, call.query, call.body]),
        run: async (context) => checked(definition, await run({ ...call, requestId: context.requestId }, context)),
      };
    },
  };
}

/** What a schema makes of a part of a request; throws `invalid` with all its faults. */
export function requireValid<S extends z.ZodType>(part: RequestFault['in'], schema: S, value: unknown): z.output<S> {
  const faults: RequestFault[] = [];
  const valid = validate(part, schema, value, faults) as z.output<S>;
  if (faults.length > 0) throw new RequestProblem('invalid', sentence(faults), { faults });
  return valid;
}

function validate(part: RequestFault['in'], schema: z.ZodType, value: unknown, faults: RequestFault[]): unknown {
  const parsed = schema.safeParse(value, { reportInput: false });
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues.slice(0, 20)) faults.push({ in: part, path: path.map(String).join('.'), message });
  return undefined;
}

function sentence(faults: readonly RequestFault[]): string {
  return faults.map(({ in: part, path, message }) => `${path ? `${part} ${path}` : part}: ${message}`).join('; ');
}

/** Sends what the documentation promises and nothing beside it, whatever a query has selected. */
function checked<R extends Responses>(definition: { readonly path: string; readonly responses: R }, answer: Answer<R>): RouteAnswer {
  const schema = definition.responses[answer.status];
  if (!schema) throw new Error(`${definition.path} answered ${answer.status}, which it does not declare`);
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success) throw new Error(`${definition.path} answered what it does not declare: ${z.prettifyError(parsed.error)}`);
  return { status: answer.status, body: parsed.data, ...(answer.headers && { headers: answer.headers }) };
}
