import twilio from 'twilio';
import { readTwilioForm, type TwilioForm } from '../../core/message/twilio-form.js';
import { SANDBOX_ACCOUNT, type TwilioAccount } from '../../sandbox/twilio/account.js';
import type { PhoneHabits } from '../../sandbox/twilio/audience.js';

export const SERVICE_SID = `MG${'1'.repeat(32)}`;
export const MARKETING_SID = `HX${'1'.repeat(32)}`;
export const UTILITY_SID = `HX${'2'.repeat(32)}`;

/** Two senders, one of which also belongs to a Messaging Service, and two templates. */
export const TWILIO_ACCOUNT: TwilioAccount = {
  ...SANDBOX_ACCOUNT,
  apiKeys: { [`SK${'5'.repeat(32)}`]: 'a secret' },
  smsNumbers: ['+15005550006', '+15005550010'],
  services: { [SERVICE_SID]: ['+15005550010', 'whatsapp:+15005550011'], [`MG${'2'.repeat(32)}`]: [] },
  whatsappNumbers: ['+15005550006', '+15005550011'],
  templates: {
    [MARKETING_SID]: { text: 'Dear {{name}}, {{1}} off!', category: 'marketing' },
    [UTILITY_SID]: { text: 'Your order {{1}} is on its way.', category: 'utility' },
  },
};

/** The real library, unchanged but for the address to which it sends. */
export function realTwilio(url: string, { secret = TWILIO_ACCOUNT.authToken, timeoutMs = 5_000 } = {}): twilio.Twilio {
  const client = twilio(TWILIO_ACCOUNT.accountSid, secret, { timeout: timeoutMs });
  client.api.baseUrl = url;
  return client;
}

/** A form as Twilio posts it. */
export function twilioForm(fields: Readonly<Record<string, string>>): TwilioForm {
  const form = readTwilioForm(Buffer.from(new URLSearchParams(fields).toString()));
  if (!form) throw new Error('not a form');
  return form;
}

/** Gets every message at once, and does nothing more unless told to. */
export const quietPhoneHabits = (changes: Partial<PhoneHabits> = {}): PhoneHabits => ({
  failed: 0,
  unreachable: 0,
  undelivered: 0,
  read: 0,
  clicked: 0,
  replied: 0,
  quoted: 0,
  stopped: 0,
  protested: 0,
  deliveryMs: 0,
  readMs: 0,
  clickMs: 0,
  replyMs: 0,
  ...changes,
});
