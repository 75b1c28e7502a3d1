import type { PhoneBatch, PhoneChannel, PhoneEnvelope, PhoneMessage } from './phone-message.js';

/** The parameter in which our token comes back with each status of a message. Twilio keeps it with the message. */
export const TWILIO_TOKEN_PARAM = 'ms_token';

/**
 * Twilio drops a status that was not taken, unless its address says otherwise: try up to five times more, whatever went wrong. It
 * does so for 15 seconds at most, so that a status can get lost all the same. This part of the address is never requested or signed.
 */
const TRY_AGAIN = '#rc=5&rp=all';

/** A message as Twilio's library takes it. */
export function twilioMessage(message: PhoneMessage, { sender, statusUrl }: PhoneEnvelope) {
  const { channel, to, content, token } = message;
  return {
    to: twilioAddress(channel, to),
    ...(sender.kind === 'number' ? { from: twilioAddress(channel, sender.number) } : { messagingServiceSid: sender.serviceSid }),
    statusCallback: statusCallback(statusUrl, token),
    ...(content.kind === 'text'
      ? // What was approved is what is sent, counted as we have counted it, and known again in Twilio's list.
        { body: content.text, ...(channel === 'sms' && { smartEncoded: false }) }
      : { contentSid: content.contentSid, contentVariables: JSON.stringify(content.variables) }),
  };
}

export const twilioAddress = (channel: PhoneChannel, number: string): string => (channel === 'whatsapp' ? `whatsapp:${number}` : number);

function statusCallback(statusUrl: PhoneBatch['statusUrl'], token: string): string {
  return `${statusUrl}${statusUrl.includes('?') ? '&' : '?'}${TWILIO_TOKEN_PARAM}=${token}${TRY_AGAIN}`;
}
