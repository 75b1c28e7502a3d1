import { pino, type DestinationStream, type Logger } from 'pino';
import { describeError } from '../db/describe-error.js';

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
