import { phoneFault, type PhoneBatch, type PhoneEnvelope, type PhoneMessage } from '../../core/message/phone-message.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { twilioMessage } from '../../core/message/twilio-message.js';
import { twilioOutcome, type TwilioAnswer } from '../../core/message/twilio-outcome.js';
import { sendOneByOne, type LedgerCalls } from './one-by-one.js';
import { connectTwilio, type TwilioClient } from './twilio-client.js';

const AT_ONCE = 8;

/** Sends each text by a request of its own (`sendOneByOne`). */
export function sendTexts(
  client: TwilioClient,
  batch: PhoneBatch,
  { signal, calls }: { readonly signal?: AbortSignal | undefined; readonly calls?: LedgerCalls<PhoneMessage> } = {},
): Promise<readonly SendOutcome[]> {
  const { atOnce = AT_ONCE } = client.options;
  return sendOneByOne(batch.messages, {
    provider: 'Twilio',
    atOnce,
    faultOf: phoneFault,
    calls,
    signal,
    prepare: (message) =>
      Promise.resolve(async () => {
        const answer = await sendText(client, batch, message, signal);
        const outcome = twilioOutcome(answer, Date.now());
        return { outcome, concernsAll: concernsAll(answer, outcome), isUnanswered: outcome.kind === 'ambiguous' };
      }),
  });
}

async function sendText(client: TwilioClient, envelope: PhoneEnvelope, message: PhoneMessage, signal?: AbortSignal): Promise<TwilioAnswer> {
  const { api, watched, answer } = connectTwilio(client, signal);
  const error: unknown = await api.messages.create(twilioMessage(message, envelope)).catch((thrown: unknown) => thrown);
  const seen = answer();
  if (seen) return { kind: 'answered', ...seen };
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return { kind: 'broken', code: typeof code === 'string' ? code : undefined, written: watched.written() };
}

const concernsAll = (answer: TwilioAnswer, { kind }: SendOutcome): boolean =>
  answer.kind === 'answered' ? [401, 403, 404, 429].includes(answer.status) : kind === 'not_accepted';
