import { createSmtpClient, type SmtpClient, type SmtpOptions } from '../../activities/channels/smtp-client.js';

/** The product's client, in less of a hurry to give up than a test. */
export const smtpClientAt = (port: number, changes: Partial<SmtpOptions> = {}): SmtpClient =>
  createSmtpClient({
    host: '127.0.0.1',
    port,
    secure: false,
    ...changes,
    timeouts: { connectMs: 2_000, greetingMs: 2_000, silenceMs: 2_000, mailMs: 5_000, ...changes.timeouts },
  });
