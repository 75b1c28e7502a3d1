/**
 * What can go wrong, as a closed list. Each edge translates a code once: HTTP to a status, Temporal to a failure type,
 * the command line to a sentence and an exit code.
 */
export type ErrorCode =
  'invalid' | 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'too_large' | 'rate_limited' | 'not_available' | 'unavailable';

/** A rule was broken by what somebody asked for. The message says what was wrong, where, and what was expected. */
export class DomainError extends Error {
  override name = 'DomainError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Makes a `switch` over a union exhaustive: a new case that is not handled does not compile. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
