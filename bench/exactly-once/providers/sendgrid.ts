import { join } from 'node:path';
import { createMailsTogether } from '../../../activities/channels/mails-together.js';
import { createSendgridClient, prepareEmails, sendEmails } from '../../../activities/channels/sendgrid.js';
import { readToken } from '../../../core/message/token.js';
import { readJournal } from '../../../sandbox/sendgrid/journal.js';
import { ADDRESS_KEY } from '../../../test/harness/campaigns.js';
import { EVENT_FAULTS, SEND_FAULTS } from '../faults.js';
import { bareMail, MAIL_ENVELOPE, renderMails } from './mails.js';
import { startSandbox } from './process.js';
import { TIMEOUT_MS, type Provider } from './provider.js';

/** Many mails in a request: one that breaks off leaves all of them uncertain, until events tell. */
export const sendgrid: Provider = {
  name: 'sendgrid',
  tenant: 'shop',
  ways: [{ name: 'email', channel: 'email' }],
  uncertainPerKill: 100,
  async start({ directory, receiverUrl, tenantId }) {
    const path = join(directory, 'mails.ndjson');
    const { printed, told, stop } = await startSandbox<{ url: string; publicKey: string }>('sendgrid', {
      journal: { path, keepsBodies: false },
      chances: { seed: 1, faults: SEND_FAULTS },
      webhook: { url: `${receiverUrl}/v1/webhooks/sendgrid`, retryBaseMs: 500, chances: { seed: 2, faults: EVENT_FAULTS } },
    });
    const { url, publicKey } = printed;
    const taken = () =>
      readJournal(path).flatMap(({ at, custom_args }) =>
        Object.values(custom_args).flatMap((token) => {
          const message = readToken(ADDRESS_KEY, token);
          if (message?.tenantId !== tenantId) return [];
          return [{ messageId: message.messageId, channel: 'email' as const, atMs: Date.parse(at) }];
        }),
      );
    return { url, receiver: { publicKey }, told, stop, taken: () => Promise.resolve(taken()) };
  },
  connect({ url }) {
    const client = createSendgridClient({ apiKey: 'SG.sandbox', baseUrl: url, timeoutMs: TIMEOUT_MS });
    return {
      channels: { email: createMailsTogether({ render: renderMails, prepareEmails: (batch) => prepareEmails(client, batch) }) },
      async sendBare(_channel, messages) {
        const outcome = await sendEmails(client, { ...MAIL_ENVELOPE, messages: messages.map(bareMail) });
        return messages.map(() => outcome);
      },
    };
  },
};
