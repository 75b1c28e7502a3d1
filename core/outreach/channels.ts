import { availableChannels } from '../campaign/available.js';
import type { SendingReadiness } from '../campaign/preflight.js';

/** On which a walk plans campaigns, each with an artifact of its own. */
export const outreachChannels = ['email', 'whatsapp', 'sms', 'in_app'] as const;
export type OutreachChannel = (typeof outreachChannels)[number];

/** On which this installation can send: a plan for another could not be launched, so there is none. */
export const plannableChannels = (readiness: SendingReadiness): OutreachChannel[] =>
  outreachChannels.filter((channel) => availableChannels.includes(channel) && readiness[channel] === true);
