import { DatabaseError } from 'pg';

export type ErrorDescription = {
  readonly name: string;
  readonly message?: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
};

/**
 * An error as the log may show it. The messages of the database quote the values of rows, and drizzle's quote the parameters:
 * of those, the code, the constraint and the place are kept.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error };
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
  const stack = frames ? { stack: frames } : {};
  if (error instanceof DatabaseError) {
    const place = [error.table, error.constraint, error.routine].filter(Boolean).join(' ');
    return { name: error.name, message: `database error in ${place}`, ...(error.code && { code: error.code }), ...stack, ...cause };
  }
  const quotesParameters = error.message.startsWith('Failed query:');
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return { name: error.name, message: quotesParameters ? 'a query failed' : error.message, ...code, ...stack, ...cause };
}
