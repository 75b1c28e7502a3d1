import { readToken } from '../../core/message/token.js';
import type { TenantTransaction } from '../../db/client.js';
import type { RenderedMail } from './claimed-mails.js';
import { withOurLinks, type MessageWords } from './linking.js';
import type { Recipient } from './send-step.js';
import type { Unsent } from './unsent.js';

/** The mails with links of ours, for a way that leads no links itself: else nobody would know who follows one. */
export async function withLedLinks(
  tx: TenantTransaction,
  linking: Parameters<typeof withOurLinks>[1],
  users: readonly Recipient[],
  mails: readonly (RenderedMail | Unsent)[],
): Promise<readonly (RenderedMail | Unsent)[]> {
  const wanted = mails.map((mail, i): MessageWords => {
    const message = readToken(linking.settings.ledgerKey, users[i]?.token);
    if ('because' in mail || message === undefined) return { messageId: 0, parts: [] };
    const parts = [
      { kind: 'html', words: mail.html },
      { kind: 'text', words: mail.text },
    ] as const;
    return { messageId: message.messageId, parts };
  });
  const led = await withOurLinks(tx, linking, wanted);
  return mails.map((mail, i) => {
    const [html, text] = led[i] ?? [];
    return 'because' in mail || html === undefined || text === undefined ? mail : { ...mail, html, text };
  });
}
