import { join } from 'node:path';
import { createSmtpChannel, sendMails } from '../../../activities/channels/smtp.js';
import { createSmtpClient } from '../../../activities/channels/smtp-client.js';
import { readToken } from '../../../core/message/token.js';
import { startSandboxSmtp } from '../../../sandbox/smtp/smtp.js';
import { ADDRESS_KEY } from '../../../test/harness/campaigns.js';
import { SMTP_FAULTS } from '../faults.js';
import { bareMail, MAIL_ENVELOPE, renderMails } from './mails.js';
import type { Provider } from './provider.js';

/** Of its mails under way in each worker. */
const AT_ONCE = 8;
const TIMEOUTS = { connectMs: 2_000, greetingMs: 2_000, silenceMs: 2_000, mailMs: 3_000 };
/** Every so manieth mailbox is nobody's. */
const NOBODY = 97;

/** A mail to a transaction, and nobody who tells later or can be asked: what is uncertain stays so. */
export const smtp: Provider = {
  name: 'smtp',
  tenant: 'club',
  ways: [{ name: 'smtp', channel: 'email' }],
  uncertainPerKill: AT_ONCE,
  async start({ directory, tenantId }) {
    const server = await startSandboxSmtp({
      journal: { path: join(directory, 'smtp.ndjson'), keepsBodies: false },
      chances: { seed: 5, faults: SMTP_FAULTS },
      refusalOf: (address) => (Number(/^u(\d+)@/.exec(address)?.[1]) % NOBODY === 0 ? '550 5.1.1 No such user' : undefined),
    });
    const taken = () =>
      server.journal.all().flatMap(({ at, token }) => {
        const message = readToken(ADDRESS_KEY, token);
        if (message?.tenantId !== tenantId) return [];
        return [{ messageId: message.messageId, channel: 'email' as const, atMs: Date.parse(at) }];
      });
    return {
      url: server.url,
      told: () => Promise.resolve({ pending: 0, unanswered: server.unanswered() }),
      taken: () => Promise.resolve(taken()),
      stop: () => server.close(),
    };
  },
  connect({ url }) {
    const { hostname: host, port } = new URL(url);
    const client = createSmtpClient({ host, port: Number(port), secure: false, atOnce: AT_ONCE, timeouts: TIMEOUTS });
    return {
      channels: { email: createSmtpChannel({ client, render: renderMails }) },
      sendBare: (_channel, messages) => sendMails(client, { envelope: MAIL_ENVELOPE, mails: messages.map(bareMail) }),
    };
  },
};
