import type { Chances, SendFault, WebhookFault } from '../../sandbox/provider/faults.js';
import type { SmtpFault } from '../../sandbox/smtp/faults.js';

/** Every way in which a request to the provider can end, far more often than in life. */
export const SEND_FAULTS: Chances<SendFault>['faults'] = [
  { probability: 0.03, fault: { kind: 'rate_limited', resetAfterS: 1 } },
  { probability: 0.02, fault: { kind: 'error', status: 503, accepts: false } },
  { probability: 0.02, fault: { kind: 'error', status: 500, accepts: true } },
  { probability: 0.02, fault: { kind: 'reset', accepts: false } },
  { probability: 0.02, fault: { kind: 'reset', accepts: true } },
  { probability: 0.01, fault: { kind: 'half_open', accepts: false } },
  { probability: 0.01, fault: { kind: 'half_open', accepts: true } },
  { probability: 0.05, fault: { kind: 'slow', delayMs: 400 } },
];

/** The same of requests that carry one message each, and of which one that is refused for its rate holds up all behind it. */
export const TEXT_FAULTS: Chances<SendFault>['faults'] = SEND_FAULTS.map(({ probability, fault }) => ({
  probability: fault.kind === 'slow' ? probability : probability / 5,
  fault,
}));

/** And every way in which a mail can end on its way to a mail server. */
export const SMTP_FAULTS: Chances<SmtpFault>['faults'] = [
  { probability: 0.0005, fault: { kind: 'reply', at: 'mail', text: '421 4.3.2 Too many at once' } },
  { probability: 0.002, fault: { kind: 'reply', at: 'rcpt', text: '450 4.2.0 Greylisted' } },
  { probability: 0.002, fault: { kind: 'reply', at: 'end', text: '451 4.3.0 Not now' } },
  { probability: 0.004, fault: { kind: 'drop', at: 'rcpt' } },
  { probability: 0.004, fault: { kind: 'drop', at: 'body' } },
  { probability: 0.004, fault: { kind: 'drop', at: 'end' } },
  { probability: 0.004, fault: { kind: 'drop', at: 'end', accepts: true } },
  { probability: 0.001, fault: { kind: 'half_open', at: 'data' } },
  { probability: 0.001, fault: { kind: 'half_open', at: 'end' } },
  { probability: 0.001, fault: { kind: 'half_open', at: 'end', accepts: true } },
  { probability: 0.01, fault: { kind: 'slow', at: 'end', delayMs: 400 } },
];

/** Every way in which events can arrive. */
export const EVENT_FAULTS: Chances<WebhookFault>['faults'] = [
  { probability: 0.05, fault: { kind: 'duplicate', copies: 3 } },
  { probability: 0.05, fault: { kind: 'late', delayMs: 2_000 } },
  { probability: 0.05, fault: { kind: 'reordered' } },
  { probability: 0.02, fault: { kind: 'forged' } },
  { probability: 0.05, fault: { kind: 'answer_lost' } },
];
