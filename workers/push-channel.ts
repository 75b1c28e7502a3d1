import { createPushChannel } from '../activities/channels/push.js';
import { createPushClient } from '../activities/channels/push-client.js';
import { createPushRenderer } from '../activities/sending/push-rendering.js';
import type { ChannelSender } from '../activities/sending/send-step.js';
import type { PushConfig } from '../config/sending.js';
import type { Database } from '../db/client.js';

/** Push messages to browsers, whose reports and taps come to `publicUrl`. */
export function createPushChannelOf(
  { vapid, service }: PushConfig,
  {
    database,
    publicUrl,
    ledgerKey,
    timeoutMs,
  }: { readonly database: Database; readonly publicUrl: string; readonly ledgerKey: Buffer; readonly timeoutMs: number },
): ChannelSender {
  const client = createPushClient({ vapid, timeoutMs, ...(service && { service }) });
  return createPushChannel({ client, publicUrl, render: createPushRenderer({ database, publicUrl, ledgerKey }) });
}
