import type { Config } from '../config.js';
import type { SendingReadiness } from '../core/campaign/preflight.js';

/** What this installation can send, as its configuration says. */
export const readinessOf = (sending: Config['sending']): SendingReadiness =>
  sending
    ? { email: true, ledgerKey: sending.ledgerKey }
    : {
        email: 'no provider is configured (SENDGRID_API_KEY, SENDGRID_WEBHOOK_KEY, LEDGER_KEY and PUBLIC_URL)',
        ledgerKey: null,
      };
