import { emailFault, type EmailEnvelope } from '../../core/message/email.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import type { LedgerEmail, PrepareEmails } from '../sending/send-chunk.js';
import { sendOneByOne, type LedgerCalls } from './one-by-one.js';

/** Sends mails that nothing holds together, each by a request and a call of its own, and tells the ledger of each. */
export type PostMails = (
  envelope: EmailEnvelope,
  mails: readonly LedgerEmail[],
  calls: LedgerCalls<LedgerEmail>,
) => Promise<readonly SendOutcome[]>;

const AT_ONCE = 8;

/** Sends each mail by SendGrid in a request of its own. */
export const createSingleMails =
  (prepareEmails: PrepareEmails): PostMails =>
  (envelope, mails, calls) =>
    sendOneByOne(mails, {
      provider: 'SendGrid',
      atOnce: AT_ONCE,
      faultOf: (mail) => emailFault(mail),
      calls,
      async prepare(mail) {
        const request = await prepareEmails({ ...envelope, messages: [mail] });
        return async () => {
          const outcome = await request.send();
          const concernsAll = outcome.kind === 'not_accepted' || (outcome.kind === 'refused' && outcome.concerns === 'account');
          return { outcome, concernsAll, isUnanswered: outcome.kind === 'ambiguous' };
        };
      },
    });
