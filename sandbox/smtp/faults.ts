import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where in a mail's way something goes wrong. `body`: in the middle of it. `end`: when the dot that ends it was read. */
export type SmtpStage = 'greeting' | 'hello' | 'login' | 'mail' | 'rcpt' | 'data' | 'body' | 'end';

/** What goes wrong there. `accepts`, at the end: whether the mail is accepted, and in the journal, all the same. */
export type SmtpFault =
  /** These words in place of the server's own. */
  | { readonly kind: 'reply'; readonly at: SmtpStage; readonly text: string; readonly accepts?: boolean }
  | { readonly kind: 'drop'; readonly at: SmtpStage; readonly accepts?: boolean }
  /** Never answers, and keeps the connection. */
  | { readonly kind: 'half_open'; readonly at: SmtpStage; readonly accepts?: boolean }
  /** Answers properly, but late. */
  | { readonly kind: 'slow'; readonly at: SmtpStage; readonly delayMs: number };

/** Does what a fault says. True: nothing more is to be said at this stage. */
export async function commit(fault: SmtpFault | undefined, at: SmtpStage, socket: Socket): Promise<boolean> {
  if (fault?.at !== at) return false;
  switch (fault.kind) {
    case 'reply':
      socket.write(`${fault.text}\r\n`);
      if (fault.text.startsWith('421')) socket.end();
      return true;
    case 'drop':
      socket.resetAndDestroy();
      return true;
    case 'half_open':
      // Reads nothing more, either.
      await new Promise<void>((resolve) => socket.once('close', resolve));
      return true;
    case 'slow':
      await sleep(fault.delayMs);
      return false;
  }
}
