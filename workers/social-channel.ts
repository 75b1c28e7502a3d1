import { createSocialChannel } from '../activities/channels/social.js';
import { createSocialRenderer } from '../activities/sending/social-rendering.js';
import type { ChannelSender } from '../activities/sending/send-step.js';
import type { MetaConfig } from '../config/sending.js';
import type { Database } from '../db/client.js';

/** Messenger and Instagram, over one app of Meta's. */
export function createSocialChannelOf({
  database,
  publicUrl,
  ledgerKey,
  meta: { apiUrl, appSecret },
  timeoutMs,
}: {
  readonly database: Database;
  readonly publicUrl: string;
  readonly ledgerKey: Buffer;
  readonly meta: Pick<MetaConfig, 'apiUrl' | 'appSecret'>;
  readonly timeoutMs: number;
}): ChannelSender {
  const render = createSocialRenderer({ database, publicUrl, ledgerKey });
  return createSocialChannel({ meta: { apiUrl, appSecret, timeoutMs }, render });
}
