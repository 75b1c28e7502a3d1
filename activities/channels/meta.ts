import { metaMessage } from '../../core/message/meta-message.js';
import { concernsAccount, metaOutcome } from '../../core/message/meta-outcome.js';
import { appSecretProof } from '../../core/message/meta-signature.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { socialFault, type SocialMessage } from '../../core/message/social-message.js';
import { sendOneByOne, type LedgerCalls } from './one-by-one.js';
import { postJson } from './post-json.js';

/** An app of Meta's, for all accounts that have let it in. */
export type MetaOptions = {
  /** Of the Graph API, with its version: `https://graph.facebook.com/v24.0`. */
  readonly apiUrl: string;
  readonly appSecret: string;
  /** For the whole of a request. */
  readonly timeoutMs: number;
  /** How many requests are under way at once. */
  readonly atOnce?: number;
};

const AT_ONCE = 8;

/** Sends each message over one account, by a request of its own (`sendOneByOne`). `me` is the account whose token it is. */
export function sendByMeta(
  { apiUrl, appSecret, timeoutMs, atOnce = AT_ONCE }: MetaOptions,
  batch: { readonly accessToken: string; readonly messages: readonly SocialMessage[] },
  { signal, calls }: { readonly signal?: AbortSignal | undefined; readonly calls?: LedgerCalls<SocialMessage> } = {},
): Promise<readonly SendOutcome[]> {
  const { accessToken, messages } = batch;
  const url = `${apiUrl}/me/messages?appsecret_proof=${appSecretProof(appSecret, accessToken)}`;
  const headers = { Authorization: `Bearer ${accessToken}` };
  return sendOneByOne(messages, {
    provider: 'Meta',
    atOnce,
    faultOf: socialFault,
    calls,
    signal,
    prepare: (message) =>
      Promise.resolve(async () => {
        const answer = await postJson({ url, headers, body: metaMessage(message), timeoutMs, signal });
        const outcome = metaOutcome(answer, Date.now());
        return { outcome, concernsAll: concernsAccount(outcome), isUnanswered: answer.kind === 'broken' && outcome.kind === 'ambiguous' };
      }),
  });
}
