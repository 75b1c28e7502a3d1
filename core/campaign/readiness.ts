import type { Rates } from '../message/rates.js';
import type { SendingReadiness } from './preflight.js';

/** As much of the configuration as says what can be sent. */
export type SendingProviders = {
  readonly ledgerKey: Buffer;
  readonly twilio?: object | undefined;
  readonly meta?: object | undefined;
  readonly push?: object | undefined;
  readonly rates: Rates;
};

/** What is sent goes through workers that have all of it, over whichever channel. */
const NEEDED = 'SENDGRID_API_KEY and SENDGRID_WEBHOOK_KEY, or SMTP_URL; LEDGER_KEY and PUBLIC_URL';

/** What this installation can send, as its configuration says. */
export function readinessOf(sending: SendingProviders | undefined): SendingReadiness {
  const push = sending?.push ? true : 'no keys are configured (VAPID_PRIVATE_KEY and VAPID_SUBJECT)';
  const texts = sending?.twilio ? true : 'no provider is configured (TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN)';
  const social = sending?.meta ? true : 'no network is configured (META_APP_SECRET and META_VERIFY_TOKEN)';
  return sending
    ? { email: true, in_app: true, sms: texts, whatsapp: texts, social, push, ledgerKey: sending.ledgerKey, rates: sending.rates }
    : {
        email: `no provider is configured (${NEEDED})`,
        in_app: `nothing is sent from this installation (${NEEDED})`,
        sms: texts,
        whatsapp: texts,
        social,
        push,
        ledgerKey: null,
      };
}
