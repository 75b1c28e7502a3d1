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

/** A request that lies ready: what is left to do between the decision to send it and its first byte is to connect. */
export type PreparedEmails = { send(signal?: AbortSignal): Promise<SendOutcome> };

/**
 * Makes the request that sends a batch. Sending it tells how it ended, and does not throw. It is tried once: whether to try again
 * is for who keeps the ledger. The batch must fit together (`chunkEmails`); one that does not is refused here and never sent.
 */
export async function prepareEmails({ options }: SendgridClient, batch: EmailBatch): Promise<PreparedEmails> {
  if (!fitsTogether(batch.messages)) return { send: () => Promise.resolve(misfit(batch)) };
  const { validateOnly = false } = batch;
  const body = Buffer.from(await sendgridBody(batch));
  return {
    async send(signal) {
      const connection = watchConnection();
      const answer = await post(options, { body, connection, signal }).then(
        ([{ statusCode, headers, body: said }]) => ({ status: statusCode, headers: record(headers), body: said }),
        (error: unknown) => readFailure(error, connection),
      );
      return sendgridOutcome('status' in answer ? { kind: 'answered', validateOnly, ...answer } : answer, Date.now());
    },
  };
}

/** Prepares a batch and sends it. */
export async function sendEmails(client: SendgridClient, batch: EmailBatch, signal?: AbortSignal): Promise<SendOutcome> {
  const request = await prepareEmails(client, batch);
  return request.send(signal);
}

function misfit({ messages }: EmailBatch): SendOutcome {
  const faults = messages.map((message) => emailFault(message));
  const because = faults.find((fault) => fault !== undefined) ?? 'the messages do not fit together in one request';
  const blamed = faults.flatMap((fault, position) => (fault === undefined ? [] : [position]));
  return { kind: 'refused', concerns: 'request', blamed, status: undefined, because };
}

/**
 * The body as the mail library writes it, which hands its request to a client: here to one that keeps it. The library copies and
 * renames each field of each person several times over: it is shown one of them, and the others are written in the same way.
 */
export async function sendgridBody(batch: EmailBatch): Promise<string> {
  const mail = sendgridMail(batch);
  const service = new MailService();
  let body: unknown;
  const keeper = { request: (request: { body: unknown }) => Promise.resolve((body = request.body)) };
  service.setClient(keeper);
  await service.send({ ...mail, personalizations: mail.personalizations.slice(0, 1) });
  const personalizations = mail.personalizations.map(({ to, customArgs, ...rest }) => ({ to: [to], ...rest, custom_args: customArgs }));
  return JSON.stringify({ ...record(body), personalizations });
}

type Posting = { readonly body: Buffer; readonly connection: WatchedConnection; readonly signal: AbortSignal | undefined };

/** A client is made for each request, never the library's singleton: that one would send with the key of whoever set it last. */
function post({ apiKey, baseUrl, timeoutMs }: SendgridOptions, { body, connection, signal }: Posting) {
  const client = new Client();
  client.setApiKey(apiKey);
  const deadline = AbortSignal.timeout(timeoutMs);
  const settings = {
    ...(baseUrl !== undefined && { baseUrl }),
    ...connection.agents,
    timeout: timeoutMs,
    signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
    // A redirect would carry key and mails to somebody else, or send them twice.
    maxRedirects: 0,
    // A body that is given with the request would be copied as if it were a plain object.
    data: body,
  };
  // The library hands all of them to its HTTP client; its types know only some.
  client.setDefaultRequest(settings as unknown as Parameters<typeof client.setDefaultRequest>[0]);
  return client.request({ method: 'POST', url: '/v3/mail/send' });
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
