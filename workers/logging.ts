import { pino } from 'pino';
import { DefaultLogger, Runtime, type Logger, type LogEntry } from '@temporalio/worker';
import { describeError } from '../db/describe-error.js';

/** JSON lines on the standard output, in the form of the API's; Temporal's own words go the same way. */
export function createWorkerLogger(level: string): pino.Logger {
  return pino({
    level,
    base: { service: 'madansara-worker' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: describeError },
  });
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Of a worker that is there for activities alone, and is so on purpose. */
const NO_NEWS = 'No workflows registered';

export function temporalLogger(logger: pino.Logger): Logger {
  return new DefaultLogger('INFO', ({ level, message, meta }: LogEntry) => {
    if (message.startsWith(NO_NEWS)) return;
    const { error, ...fields } = meta ?? {};
    logger[LEVELS[level]]({ ...fields, ...(error !== undefined && { error: error as unknown }) }, message);
  });
}

/** Once a process, whoever comes first: the SDK's own core logs through it. */
export function installRuntime(logger: Logger): void {
  try {
    Runtime.install({
      logger,
      shutdownSignals: [], // who runs the worker ends it, in an order of their own
      telemetryOptions: { logging: { filter: 'WARN', forward: {} } },
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalStateError') throw error;
  }
}
