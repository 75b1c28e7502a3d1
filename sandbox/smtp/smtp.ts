import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { faultScript, type Chances } from '../provider/faults.js';
import type { JournalOptions } from '../provider/journal.js';
import type { SmtpFault } from './faults.js';
import { acceptedMail, openSmtpJournal, type SmtpJournal } from './journal.js';
import { serveSession } from './session.js';

export type SandboxSmtpOptions = {
  /** Nothing: whoever connects may send. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly mostBytes?: number;
  /** Whether commands may come before their answers are out. */
  readonly isPipelined?: boolean;
  readonly journal?: JournalOptions;
  /** Faults of mails that come by chance. */
  readonly chances?: Chances<SmtpFault>;
  /** A mailbox that takes nothing, and what is said of it: `550 5.1.1 No such user`. Everybody else's takes all. */
  readonly refusalOf?: (address: string) => string | undefined;
  readonly port?: number;
};

/** A mail server for tests: it is as strict as the strictest, keeps a journal, and fails as it is told. */
export type SandboxSmtp = {
  /** `smtp://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly journal: SmtpJournal;
  /** What the next mails meet, in order; `undefined` lets one pass. */
  misbehave(...faults: readonly (SmtpFault | undefined)[]): void;
  /** What the next connections meet when they are greeted, or log in. */
  refuse(...faults: readonly (SmtpFault | undefined)[]): void;
  /** How many mails it has read to their end, and accepted or not, without a word from which their sender could know. */
  unanswered(): number;
  /** What those who connected have said that they are called. */
  greetedBy(): readonly string[];
  connections(): { readonly open: number; readonly ever: number; readonly most: number };
  close(): Promise<void>;
};

export async function startSandboxSmtp(options: SandboxSmtpOptions = {}): Promise<SandboxSmtp> {
  const { login, mostBytes = 10_000_000, isPipelined = true, refusalOf = () => undefined } = options;
  const journal = openSmtpJournal(options.journal ?? {});
  const faults = faultScript(options.chances);
  const connectionFaults = faultScript<SmtpFault>();
  const sockets = new Set<Socket>();
  const names: string[] = [];
  const counted = { ever: 0, most: 0, unanswered: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    counted.ever += 1;
    counted.most = Math.max(counted.most, sockets.size);
    socket.once('close', () => sockets.delete(socket));
    const session = serveSession(socket, {
      login,
      mostBytes,
      isPipelined,
      fault: connectionFaults.next(),
      onHello: (name) => void names.push(name),
      nextFault: () => faults.next(),
      refusalOf,
      onUnanswered: () => void (counted.unanswered += 1),
      accept({ from, to, source }) {
        const id = randomBytes(6).toString('hex');
        journal.write(to.map((one) => acceptedMail({ at: new Date().toISOString(), id, from, to: one, source })));
        return id;
      },
    });
    // A connection that its client, or a fault, has ended.
    session.catch(() => socket.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    journal,
    misbehave: faults.add,
    refuse: connectionFaults.add,
    unanswered: () => counted.unanswered,
    greetedBy: () => names,
    connections: () => ({ open: sockets.size, ever: counted.ever, most: counted.most }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
      journal.close();
    },
  };
}
