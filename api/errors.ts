import { DatabaseError } from 'pg';
import { DomainError, type ErrorCode } from '../core/errors.js';

/** Everything that a problem's `code` can be: the domain's codes, and those that only HTTP knows. */
const PROBLEMS = {
  invalid: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'A valid key is needed' },
  forbidden: { status: 403, title: 'The key may not do this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  conflict: { status: 409, title: 'The request conflicts with what is there' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of a type that is not understood' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used for another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  not_available: { status: 501, title: 'Not available in this installation' },
  unavailable: { status: 503, title: 'Something that this needs cannot be reached' },
} as const satisfies Record<ErrorCode, { status: number; title: string }> & Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
export const problemCodes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];
export const problemStatus = (code: ProblemCode): number => PROBLEMS[code].status;

/** Where a request is at fault: `in` names its part, `path` the place inside that part. */
export type RequestFault = { readonly in: 'path' | 'query' | 'headers' | 'body'; readonly path: string; readonly message: string };

/** A fault that only an HTTP request can have, or one that says more than its code. */
export class RequestProblem extends Error {
  override name = 'RequestProblem';
  constructor(
    readonly code: ProblemCode,
    message: string,
    readonly extra: { readonly faults?: readonly RequestFault[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
  }
}

/** The body of every answer that is an error: RFC 9457, `application/problem+json`. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly request_id: string;
  readonly errors?: readonly RequestFault[];
};

export function problemOf(code: ProblemCode, detail: string, requestId: string, faults?: readonly RequestFault[]): Problem {
  const { status, title } = PROBLEMS[code];
  return {
    type: `urn:madansara:problem:${code}`,
    title,
    status,
    code,
    detail,
    request_id: requestId,
    ...(faults && { errors: faults }),
  };
}

export type TranslatedError = { readonly problem: Problem; readonly headers: Readonly<Record<string, string>> };

/** The one place where an error becomes an answer. What nobody foresaw says nothing about itself: its story is in the log. */
export function translateError(error: unknown, requestId: string): TranslatedError {
  if (error instanceof RequestProblem) {
    const { faults, headers = {} } = error.extra;
    return { problem: problemOf(error.code, error.message, requestId, faults), headers };
  }
  if (error instanceof DomainError) return { problem: problemOf(error.code, error.message, requestId), headers: {} };
  const code = codeOfForeignError(error);
  return { problem: problemOf(code, FOREIGN_DETAILS[code], requestId), headers: code === 'unavailable' ? { 'Retry-After': '5' } : {} };
}

const FOREIGN_DETAILS = {
  invalid: 'the path or the body of the request cannot be decoded',
  too_large: 'the body is larger than this route accepts',
  unsupported_media_type: 'the encoding or character set of the body is not understood',
  unavailable: 'the database cannot be reached; try again in a few seconds',
  internal: 'the request was not the cause; name the request id when you report it',
} as const;

/** Express and its body reader throw errors that carry a status; pg throws errors that carry a SQLSTATE, and drizzle wraps those. */
function codeOfForeignError(error: unknown): keyof typeof FOREIGN_DETAILS {
  if (!(error instanceof Error)) return 'internal';
  if ('status' in error) {
    if (error.status === 413) return 'too_large';
    if (error.status === 415) return 'unsupported_media_type';
    if (error.status === 400) return 'invalid';
  }
  if (isDatabaseAway(error)) return 'unavailable';
  return error.cause === undefined ? 'internal' : codeOfForeignError(error.cause);
}

const AWAY_SQLSTATES = /^(08...|57P0[123]|53300)$/;
const AWAY_SYSTEM_CODES = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;

function isDatabaseAway(error: Error): boolean {
  if (error instanceof DatabaseError) return AWAY_SQLSTATES.test(error.code ?? '');
  if ('code' in error && typeof error.code === 'string') return AWAY_SYSTEM_CODES.test(error.code);
  // pg says these in words alone.
  return /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(error.message);
}
