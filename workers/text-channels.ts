import { createReplyAnswerSender } from '../activities/answering/reply-answers.js';
import type { AnswerSender } from '../activities/answering/send-answers.js';
import { createTextChannel } from '../activities/channels/texts.js';
import { createTwilioClient, type TwilioClient } from '../activities/channels/twilio-client.js';
import { createTextRenderer } from '../activities/sending/text-rendering.js';
import type { TwilioConfig } from '../config/sending.js';
import type { Database } from '../db/client.js';

export const twilioClientOf = ({ accountSid, authToken: secret, apiUrl: baseUrl }: TwilioConfig, timeoutMs: number): TwilioClient =>
  createTwilioClient({ accountSid, secret, baseUrl, timeoutMs });

export type TextChannelSettings = {
  readonly database: Database;
  readonly publicUrl: string;
  readonly ledgerKey: Buffer;
  readonly client: TwilioClient;
};

const statusUrlOf = (publicUrl: string): string => `${publicUrl}/v1/webhooks/twilio/status`;

/** SMS and WhatsApp over Twilio, which tells what becomes of each message at the address that it is given with it. */
export function createTextChannels({ database, publicUrl, ledgerKey, client }: TextChannelSettings) {
  const render = createTextRenderer({ database, publicUrl, ledgerKey });
  const dependencies = { client, statusUrl: statusUrlOf(publicUrl), render };
  return { sms: createTextChannel('sms', dependencies), whatsapp: createTextChannel('whatsapp', dependencies) };
}

/** What rules say to replies, over the same. */
export const createReplyAnswerSenders = (settings: TextChannelSettings): readonly AnswerSender[] =>
  (['sms', 'whatsapp'] as const).map((channel) =>
    createReplyAnswerSender(channel, { ...settings, statusUrl: statusUrlOf(settings.publicUrl) }),
  );
