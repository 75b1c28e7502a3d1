import type { SendingReadiness } from '../campaign/preflight.js';

/** On which a walk plans campaigns, each with an artifact of its own. */
export const outreachChannels = ['email', 'whatsapp', 'social', 'sms', 'in_app'] as const;
export type OutreachChannel = (typeof outreachChannels)[number];

/** On which this installation can send: a plan for another could not be launched, so there is none. */
export function plannableChannels(readiness: SendingReadiness): OutreachChannel[] {
  return outreachChannels.filter((channel) => readiness[channel] === true);
}
