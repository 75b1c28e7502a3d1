import type { Socket } from 'node:net';
import { commit, type SmtpFault, type SmtpStage } from './faults.js';
import { linesOf } from './lines.js';
import { isAddress, mailFault } from './rules.js';

export type SessionSettings = {
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly mostBytes: number;
  readonly isPipelined: boolean;
  /** Of the connection: greeting, hello and log-in. */
  readonly fault: SmtpFault | undefined;
  /** Who says what it is called. */
  readonly onHello: (name: string) => void;
  /** Of the next mail. */
  readonly nextFault: () => SmtpFault | undefined;
  /** Says of a mailbox that it takes nothing, in the words of a reply. */
  readonly refusalOf: (address: string) => string | undefined;
  /** A mail was read to its end, and nothing will be said of it. */
  readonly onUnanswered: () => void;
  /** Takes a mail in, and tells its id. */
  readonly accept: (mail: { readonly from: string; readonly to: readonly string[]; readonly source: string }) => string;
};

type Mail = { readonly from: string; readonly is8Bit: boolean; readonly to: string[]; readonly fault: SmtpFault | undefined };

/** One connection, from the greeting to its end. */
export async function serveSession(socket: Socket, settings: SessionSettings): Promise<void> {
  const session = new Session(socket, settings);
  if (await commit(settings.fault, 'greeting', socket)) return;
  session.say('220 sandbox.example ESMTP');
  for await (const line of linesOf(socket)) await session.take(line);
}

class Session {
  private isGreeted = false;
  private isLoggedIn: boolean;
  private mail: Mail | undefined;
  /** The lines of a mail whose dot is still to come. */
  private body: string[] | undefined;
  private bodyBytes = 0;

  constructor(
    private readonly socket: Socket,
    private readonly settings: SessionSettings,
  ) {
    this.isLoggedIn = settings.login === undefined;
  }

  say(...lines: readonly string[]): void {
    if (!this.socket.destroyed) this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  async take(line: string): Promise<void> {
    if (this.body) return this.takeBody(this.body, line);
    if (line.length > 510) return this.say('500 5.5.6 The line is too long');
    const [, verb = '', argument = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    const command = verb.toUpperCase();
    switch (command) {
      case 'EHLO':
      case 'HELO':
        return this.hello(command, argument);
      case 'AUTH':
        return this.logIn(argument);
      case 'MAIL':
        return this.begin(argument);
      case 'RCPT':
        return this.address(argument);
      case 'DATA':
        return this.data();
      case 'RSET':
        this.mail = undefined;
        return this.say('250 2.0.0 Ok');
      case 'NOOP':
        return this.say('250 2.0.0 Ok');
      case 'QUIT':
        this.say('221 2.0.0 Bye');
        return void this.socket.end();
      default:
        return this.say('500 5.5.2 There is no such command');
    }
  }

  private goesWrong(at: SmtpStage): Promise<boolean> {
    const isOfConnection = at === 'hello' || at === 'login';
    return commit(isOfConnection ? this.settings.fault : this.mail?.fault, at, this.socket);
  }

  private async hello(verb: 'EHLO' | 'HELO', name: string): Promise<void> {
    const { mostBytes, login, isPipelined } = this.settings;
    if (await this.goesWrong('hello')) return;
    this.settings.onHello(name);
    this.isGreeted = true;
    this.mail = undefined;
    if (verb === 'HELO') return this.say('250 sandbox.example');
    const extensions = [
      `SIZE ${mostBytes}`,
      ...(isPipelined ? ['PIPELINING'] : []),
      ...(login ? ['AUTH PLAIN'] : []),
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
    ];
    this.say('250-sandbox.example', ...extensions.map((one, i) => `250${i === extensions.length - 1 ? ' ' : '-'}${one}`));
  }

  private async logIn(argument: string): Promise<void> {
    if (await this.goesWrong('login')) return;
    const [, user = '', password = ''] = Buffer.from(argument.replace(/^PLAIN /i, ''), 'base64')
      .toString('utf8')
      .split('\0');
    const { login } = this.settings;
    this.isLoggedIn = user === login?.user && password === login.password;
    this.say(this.isLoggedIn ? '235 2.7.0 Welcome' : '535 5.7.8 User or password is wrong');
  }

  private async begin(argument: string): Promise<void> {
    if (!this.isGreeted || this.mail) return this.say('503 5.5.1 Not now');
    if (!this.isLoggedIn) return this.say('530 5.7.0 Log in first');
    const { mostBytes, nextFault } = this.settings;
    const [, from = '', parameters = ''] = /^FROM:<([^>]*)>(.*)$/i.exec(argument) ?? [];
    this.mail = { from, is8Bit: /\bBODY=8BITMIME\b/i.test(parameters), to: [], fault: nextFault() };
    if (await this.goesWrong('mail')) return void (this.mail = undefined);
    const size = Number(/\bSIZE=(\d+)/i.exec(parameters)?.[1] ?? 0);
    if (!isAddress(from)) return this.refuse('553 5.1.7 The sender is no address');
    if (size > mostBytes) return this.refuse(`552 5.3.4 No more than ${mostBytes} bytes are taken`);
    this.say('250 2.1.0 Ok');
  }

  private async address(argument: string): Promise<void> {
    if (!this.mail) return this.say('503 5.5.1 MAIL comes first');
    if (await this.goesWrong('rcpt')) return;
    const to = /^TO:<([^>]*)>$/i.exec(argument)?.[1] ?? '';
    if (!isAddress(to)) return this.say('553 5.1.3 The recipient is no address');
    const refusal = this.settings.refusalOf(to);
    if (refusal !== undefined) return this.say(refusal);
    this.mail.to.push(to);
    this.say('250 2.1.5 Ok');
  }

  private async data(): Promise<void> {
    if (!this.mail) return this.say('503 5.5.1 MAIL comes first');
    if (this.mail.to.length === 0) return this.say('554 5.5.1 There is nobody to take it');
    if (await this.goesWrong('data')) return;
    this.body = [];
    this.bodyBytes = 0;
    this.say('354 Go on, and end with a dot');
  }

  private async takeBody(body: string[], line: string): Promise<void> {
    if (line === '.') return this.end(body);
    if (body.length === 0) await this.goesWrong('body');
    this.bodyBytes += line.length + 2;
    // The rest is read, and forgotten.
    if (this.bodyBytes <= this.settings.mostBytes) body.push(line.startsWith('.') ? line.slice(1) : line);
  }

  private async end(body: readonly string[]): Promise<void> {
    const { mail } = this;
    this.body = undefined;
    this.mail = undefined;
    if (!mail) return;
    const { fault } = mail;
    const source = body.map((line) => `${line}\r\n`).join('');
    const refusal = this.bodyBytes > this.settings.mostBytes ? '552 5.3.4 The mail is too large' : mailFault(source, mail);
    const accepts = fault?.at !== 'end' || fault.kind === 'slow' || fault.accepts === true;
    // In the journal before its sender hears of it.
    const id = refusal === undefined && accepts ? this.settings.accept({ ...mail, source }) : undefined;
    if (fault?.at === 'end' && (fault.kind === 'drop' || fault.kind === 'half_open')) this.settings.onUnanswered();
    if (await commit(fault, 'end', this.socket)) return;
    this.say(refusal ?? `250 2.0.0 Ok: queued as ${id}`);
  }

  private refuse(reply: string): void {
    this.mail = undefined;
    this.say(reply);
  }
}
