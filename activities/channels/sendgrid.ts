import sendgridClient from '@sendgrid/client';
import sendgridMailer from '@sendgrid/mail';
import { emailFault, fitsTogether, type EmailBatch } from '../../core/message/email.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { sendgridMail } from '../../core/message/sendgrid-mail.js';
import { sendgridOutcome, type SendgridAnswer } from '../../core/message/sendgrid-outcome.js';
import { watchConnection, type WatchedConnection } from './watched-connection.js';

// Both packages export an instance, to which their classes are attached; the types know only the instance.
const { Client } = sendgridClient as unknown as { Client: new () => typeof sendgridClient };
const { MailService } = sendgridMailer as unknown as { MailService: new () => typeof sendgridMailer };

export type SendgridOptions = {
  /** Begins with `SG.`. */
  readonly apiKey: string;
  /** `https://api.eu.sendgrid.com` for an account in the EU. */
  readonly baseUrl?: string;
  /** For the whole of a request, from looking up the name to the last byte of the answer. */
  readonly timeoutMs: number;
};

/** One account of SendGrid. */
export type SendgridClient = { readonly options: SendgridOptions };

export const createSendgridClient = (options: SendgridOptions): SendgridClient => ({ options });

/**
 * Sends a batch in one request, and tells how it ended. Tried once: whether to try again is for who keeps the ledger.
 * The batch must fit together (`chunkEmails`); one that does not is refused here and never sent. Does not throw.
 */
export async function sendEmails({ options }: SendgridClient, batch: EmailBatch, signal?: AbortSignal): Promise<SendOutcome> {
  if (!fitsTogether(batch.messages)) return misfit(batch);
  const connection = watchConnection();
  const answer = await mailService(options, connection, signal)
    .send(sendgridMail(batch))
    .then(
      ([{ statusCode, headers, body }]) => ({ status: statusCode, headers: record(headers), body }),
      (error: unknown) => readFailure(error, connection),
    );
  const { validateOnly = false } = batch;
  return sendgridOutcome('status' in answer ? { kind: 'answered', validateOnly, ...answer } : answer, Date.now());
}

function misfit({ messages }: EmailBatch): SendOutcome {
  const faults = messages.map((message) => emailFault(message));
  const because = faults.find((fault) => fault !== undefined) ?? 'the messages do not fit together in one request';
  const blamed = faults.flatMap((fault, position) => (fault === undefined ? [] : [position]));
  return { kind: 'refused', concerns: 'request', blamed, status: undefined, because };
}

/** Made for each request, never the library's singleton: that one would send with the key of whoever set it last. */
function mailService({ apiKey, baseUrl, timeoutMs }: SendgridOptions, { agents }: WatchedConnection, signal?: AbortSignal) {
  const client = new Client();
  client.setApiKey(apiKey);
  const deadline = AbortSignal.timeout(timeoutMs);
  const settings = {
    ...(baseUrl !== undefined && { baseUrl }),
    ...agents,
    timeout: timeoutMs,
    signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
    // A redirect would carry key and mails to somebody else, or send them twice.
    maxRedirects: 0,
  };
  // The library hands all of them to its HTTP client; its types know only some.
  client.setDefaultRequest(settings as unknown as Parameters<typeof client.setDefaultRequest>[0]);
  const service = new MailService();
  service.setClient(client);
  return service;
}

type Seen = Omit<Extract<SendgridAnswer, { kind: 'answered' }>, 'kind' | 'validateOnly'> | Extract<SendgridAnswer, { kind: 'broken' }>;

/** The library rejects with an error of its own for 400 and above, and with its HTTP client's error for the rest. */
function readFailure(error: unknown, connection: WatchedConnection): Seen {
  const { code, response } = record(error);
  if (typeof code === 'number') {
    const { headers, body } = record(response);
    return { status: code, headers: record(headers), body };
  }
  return { kind: 'broken', code: typeof code === 'string' ? code : undefined, written: connection.written() };
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
