import type { Channel, TenantName } from '../people.js';
import { inbox } from './inbox.js';
import type { Provider } from './provider.js';
import { sendgrid } from './sendgrid.js';
import { smtp } from './smtp.js';
import { twilio } from './twilio.js';

/** All who take messages here. */
export const PROVIDERS: readonly Provider[] = [sendgrid, smtp, twilio, inbox];

/** Every way that messages go, with its provider. */
export const WAYS = PROVIDERS.flatMap((provider) => provider.ways.map((way) => ({ ...way, provider })));

export type FoundWay = (typeof WAYS)[number];

export function wayOf(tenant: TenantName, channel: Channel): FoundWay {
  const found = WAYS.find((way) => way.provider.tenant === tenant && way.channel === channel);
  if (!found) throw new Error(`no provider takes messages of the ${tenant} over ${channel}`);
  return found;
}
