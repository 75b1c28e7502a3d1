import { pino, type DestinationStream, type Logger } from 'pino';
import { DatabaseError } from 'pg';

export type { Logger };

/** JSON lines on the standard output. What could carry a secret or a person is removed wherever it turns up. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: 'madansara-api' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: describeError },
    redact: { paths: ['authorization', '*.authorization', 'headers', '*.headers', 'body', '*.body', 'key', '*.key'], remove: true },
  };
  return destination ? pino(options, destination) : pino(options);
}

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
