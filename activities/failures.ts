import { ApplicationFailure, CancelledFailure, CompleteAsyncError, type Info } from '@temporalio/activity';
import { DomainError, type ErrorCode } from '../core/errors.js';
import { describeError } from '../db/describe-error.js';

/** The types that our failures have in Temporal. `unexpected` is a defect, or something that nobody foresaw. */
export type FailureCode = ErrorCode | 'unexpected';

/** What is unexpected five times over will not heal by itself; a person must look. */
const UNEXPECTED_ATTEMPTS = 5;

/**
 * The one translation of an activity's error for Temporal: a code as the type, words without a value of anybody's row, and
 * whether trying again can help. Temporal's own failures pass as they are.
 */
export function failureOf(error: unknown, { attempt }: Pick<Info, 'attempt'>): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure || error instanceof CompleteAsyncError) return error;
  const { name, message, stack } = describeError(error);
  const code = codeOf(error);
  const failure = ApplicationFailure.create({
    type: code,
    message: code === 'unexpected' ? `unexpected: ${deepestMessage(error) ?? message ?? name}` : (deepestMessage(error) ?? name),
    nonRetryable: code === 'unexpected' ? attempt >= UNEXPECTED_ATTEMPTS : code !== 'unavailable' && code !== 'rate_limited',
  });
  // A new stack would point here.
  failure.stack = `${failure.name}: ${failure.message}\n${stack ?? ''}`;
  return failure;
}

export function codeOf(error: unknown): FailureCode {
  if (error instanceof DomainError) return error.code;
  if (isOutage(error)) return 'unavailable';
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : 'unexpected';
}

/** Of nested errors the one at the bottom knows what happened; a rule that was broken says it itself. */
function deepestMessage(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DomainError) return error.message;
  return deepestMessage(error.cause) ?? describeError(error).message;
}

/** Connections that were refused, lost or not to be had, and what servers say while they go down or come up. */
const OUTAGE_CODES =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|57P0[123]|08\d{3}|53300|40001|40P01|55P03)$/;
const OUTAGE_NAMES = /^(TimeoutError|NetworkingError|ServiceUnavailable|SlowDown|InternalError)$/;
/** node-postgres gives these no code. */
const OUTAGE_MESSAGES = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isOutage)) return true;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return OUTAGE_CODES.test(code) || OUTAGE_NAMES.test(error.name) || OUTAGE_MESSAGES.test(error.message);
}
