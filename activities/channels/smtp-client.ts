import { Readable } from 'node:stream';
import { createTransport, type NodemailerError, type SMTPPoolSentMessageInfo, type Transporter } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { EmailEnvelope, EmailMessage } from '../../core/message/email.js';
import { smtpMail } from '../../core/message/smtp-mail.js';
import type { SmtpAnswer } from '../../core/message/smtp-outcome.js';
import { limitAtOnce, type InTurn } from './limit-at-once.js';

export type SmtpOptions = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else as soon as the server offers it. */
  readonly secure: boolean;
  /** Nothing is sent without TLS, whatever the server offers. */
  readonly requireTls?: boolean;
  readonly login?: { readonly user: string; readonly password: string };
  /** How we greet the server; the name of this machine unless given. */
  readonly name?: string;
  /** How many mails, and so connections, are under way at once. */
  readonly atOnce?: number;
  readonly timeouts?: Partial<SmtpTimeouts>;
};

export type SmtpTimeouts = {
  readonly connectMs: number;
  /** Some servers let strangers wait before they greet. */
  readonly greetingMs: number;
  /** Without a byte from either side. Servers look at a mail for a while before they answer its end, and what is given up then stays uncertain. */
  readonly silenceMs: number;
  /** For the whole of a mail, whatever trickles. */
  readonly mailMs: number;
};

/** One SMTP server. Its connections are kept for the next mails. */
export type SmtpClient = {
  readonly atOnce: number;
  /** Holds work back until one of the connections is free for it. */
  readonly inTurn: InTurn;
  /** Sends a mail, tried once, and tells what was seen of it. Never throws. */
  send(mail: PreparedMail, signal?: AbortSignal): Promise<SmtpAnswer>;
  close(): void;
};

/** A mail as it goes over the wire. */
export type PreparedMail = { readonly from: string; readonly to: string; readonly source: Buffer };

const AT_ONCE = 8;
const TIMEOUTS: SmtpTimeouts = { connectMs: 10_000, greetingMs: 30_000, silenceMs: 60_000, mailMs: 180_000 };
/** Fewer than servers allow on a connection. */
const MAILS_A_CONNECTION = 100;
const CLOSE_AFTER_IDLE_MS = 20_000;
const PIECE_BYTES = 65_536;

export const prepareMail = async (envelope: EmailEnvelope, message: EmailMessage): Promise<PreparedMail> => ({
  from: envelope.from.email,
  to: message.to.email,
  source: await new MailComposer(smtpMail(envelope, message)).compile().build(),
});

export function createSmtpClient(options: SmtpOptions): SmtpClient {
  const { atOnce = AT_ONCE } = options;
  const transporter = openPool(options, atOnce);
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const ends = watchEnds(transporter);
  return {
    atOnce,
    inTurn: limitAtOnce(atOnce),
    async send({ from, to, source }, signal) {
      const deadline = AbortSignal.timeout(timeouts.mailMs);
      const envelope = { from: { name: '', address: from }, to: { name: '', address: to }, size: source.length };
      const raw = Readable.from(inPieces(source));
      const mail = { envelope, raw, signal: signal ? AbortSignal.any([deadline, signal]) : deadline };
      try {
        await transporter.sendMail(mail);
        return { kind: 'accepted' };
      } catch (error) {
        const { code, originalCode: cause, command, response } = error as NodemailerError;
        return { kind: 'failed', code, ...(cause !== undefined && { cause }), command, reply: response, isEnded: ends.has(raw) };
      }
    },
    close: () => transporter.close(),
  };
}

/** So that no more is read of a mail than the server takes. */
function* inPieces(source: Buffer): Generator<Buffer> {
  for (let at = 0; at < source.length; at += PIECE_BYTES) yield source.subarray(at, at + PIECE_BYTES);
}

type Pool = Transporter<SMTPPoolSentMessageInfo>;

function openPool({ host, port, secure, requireTls = false, login, name, timeouts }: SmtpOptions, atOnce: number): Pool {
  const { connectMs, greetingMs, silenceMs } = { ...TIMEOUTS, ...timeouts };
  return createTransport({
    pool: true,
    host,
    port,
    secure,
    requireTLS: requireTls,
    ...(login && { auth: { user: login.user, pass: login.password } }),
    ...(name !== undefined && { name }),
    maxConnections: atOnce,
    maxMessages: MAILS_A_CONNECTION,
    idleTimeout: CLOSE_AFTER_IDLE_MS,
    // Whether a mail is sent again is for the ledger alone to say.
    maxRequeues: 0,
    dnsTimeout: connectMs,
    connectionTimeout: connectMs,
    greetingTimeout: greetingMs,
    socketTimeout: silenceMs,
    logger: false,
  });
}

/**
 * Which mails the client has read to their end: it writes the dot that ends a mail just then, and not before. Its errors do not tell, since
 * all that breaks a connection looks the same to it.
 */
function watchEnds(transporter: Pool): { has(raw: Readable): boolean } {
  const ended = new WeakSet<Readable>();
  transporter.use('stream', ({ message, data }, done) => {
    const { raw } = data;
    const open = message.createReadStream.bind(message);
    message.createReadStream = (streamOptions) => open(streamOptions).once('end', () => raw instanceof Readable && ended.add(raw));
    done();
  });
  return ended;
}
