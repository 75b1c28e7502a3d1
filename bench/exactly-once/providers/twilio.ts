import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTextChannel, type TextDependencies } from '../../../activities/channels/texts.js';
import { sendTexts } from '../../../activities/channels/twilio.js';
import { createTwilioClient } from '../../../activities/channels/twilio-client.js';
import type { PhoneChannel } from '../../../core/message/phone-message.js';
import { readToken } from '../../../core/message/token.js';
import { SANDBOX_ACCOUNT } from '../../../sandbox/twilio/account.js';
import type { PhoneAudienceRule } from '../../../sandbox/twilio/audience.js';
import { readJournal } from '../../../sandbox/twilio/journal.js';
import { ADDRESS_KEY } from '../../../test/harness/campaigns.js';
import { EVENT_FAULTS, TEXT_FAULTS } from '../faults.js';
import { startSandbox } from './process.js';
import { RENDERING_MS, TIMEOUT_MS, type Provider } from './provider.js';

/** More people than in life want no more, in the words that we have to understand. */
const OUTSPOKEN: readonly PhoneAudienceRule[] = [{ numberHas: '+1', stopped: 0.03, protested: 0.02 }];

const { accountSid, authToken, smsNumbers, templates = {} } = SANDBOX_ACCOUNT;
const [number = ''] = smsNumbers;
const [contentSid = ''] = Object.keys(templates);
const sender = { kind: 'number', number } as const;
const templateFor = (userId: string) => ({ kind: 'template', contentSid, variables: { 1: userId } }) as const;
const isPhoneChannel = (channel: string): channel is PhoneChannel => channel === 'sms' || channel === 'whatsapp';

const render: TextDependencies['render'] = async ({ stepKey }, channel, users) => {
  await sleep(RENDERING_MS * users.length);
  const contents = users.map(({ userId, isOpen }) =>
    channel === 'sms' || isOpen ? ({ kind: 'text', text: `Hello ${userId}, this is step ${stepKey}` } as const) : templateFor(userId),
  );
  return { sender, contents };
};

/** A text to a request, and a list that can be asked. */
export const twilio: Provider = {
  name: 'twilio',
  tenant: 'shop',
  ways: [
    { name: 'sms', channel: 'sms' },
    { name: 'whatsapp', channel: 'whatsapp' },
  ],
  uncertainPerKill: 100,
  async start({ directory, receiverUrl, tenantId }) {
    const path = join(directory, 'texts.ndjson');
    const { printed, told, stop } = await startSandbox<{ url: string }>('twilio', {
      journal: { path, keepsBodies: false },
      chances: { seed: 3, faults: TEXT_FAULTS },
      audience: OUTSPOKEN,
      webhook: { inboundUrl: `${receiverUrl}/v1/webhooks/twilio/inbound`, chances: { seed: 4, faults: EVENT_FAULTS } },
    });
    const taken = () =>
      readJournal(path).flatMap(({ at, token, to }) => {
        const message = token === null ? undefined : readToken(ADDRESS_KEY, token);
        if (message?.tenantId !== tenantId) return [];
        const channel = to.startsWith('whatsapp:') ? ('whatsapp' as const) : ('sms' as const);
        return [{ messageId: message.messageId, channel, atMs: Date.parse(at) }];
      });
    return { url: printed.url, receiver: { authToken }, told, stop, taken: () => Promise.resolve(taken()) };
  },
  connect({ url: baseUrl, receiverUrl }) {
    const client = createTwilioClient({ accountSid, secret: authToken, baseUrl, timeoutMs: TIMEOUT_MS });
    const statusUrl = `${receiverUrl}/v1/webhooks/twilio/status`;
    const texts: TextDependencies = { client, statusUrl, render };
    return {
      channels: { sms: createTextChannel('sms', texts), whatsapp: createTextChannel('whatsapp', texts) },
      sendBare(channel, bare) {
        if (!isPhoneChannel(channel)) throw new Error(`nothing goes over ${channel} here`);
        const messages = bare.map(({ token, address: to, userId }) => ({ token, channel, to, content: templateFor(userId) }));
        return sendTexts(client, { sender, statusUrl, messages });
      },
    };
  },
};
