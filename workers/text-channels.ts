import { createTextChannel } from '../activities/channels/texts.js';
import { createTwilioClient, type TwilioClient } from '../activities/channels/twilio-client.js';
import { createTextRenderer } from '../activities/sending/text-rendering.js';
import type { TwilioConfig } from '../config.js';
import type { Database } from '../db/client.js';

export const twilioClientOf = ({ accountSid, authToken: secret, apiUrl: baseUrl }: TwilioConfig, timeoutMs: number): TwilioClient =>
  createTwilioClient({ accountSid, secret, baseUrl, timeoutMs });

/** SMS and WhatsApp over Twilio, which tells what becomes of each message at the address that it is given with it. */
export function createTextChannels({
  database,
  publicUrl,
  ledgerKey,
  client,
}: {
  readonly database: Database;
  readonly publicUrl: string;
  readonly ledgerKey: Buffer;
  readonly client: TwilioClient;
}) {
  const render = createTextRenderer({ database, publicUrl, ledgerKey });
  const dependencies = { client, statusUrl: `${publicUrl}/v1/webhooks/twilio/status`, render };
  return { sms: createTextChannel('sms', dependencies), whatsapp: createTextChannel('whatsapp', dependencies) };
}
