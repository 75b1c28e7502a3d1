import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TwilioForm } from './twilio-form.js';

const SHA1_BYTES = 20;

/**
 * Whether Twilio signed a webhook: HMAC-SHA1, by the account's auth token, over the URL that it requested and then each field's name
 * and value, in the order of the names. Compared in constant time; whatever it is given, it never throws.
 *
 * `url` is the one that Twilio has, with scheme, host and query as it knows them: behind a proxy, not what the server sees. With
 * or without the port is all the same, since Twilio signs some webhooks with it and some without. Names, values and the URL are
 * signed without a boundary between them, so read fields by their names, and let nothing follow from a field that is not there.
 */
export function verifyTwilioSignature(authToken: string, signature: unknown, url: string, form: TwilioForm): boolean {
  if (typeof signature !== 'string' || authToken === '') return false;
  const given = Buffer.from(signature, 'base64');
  // Of the many texts that Node reads as the same bytes only one is the signature.
  if (given.length !== SHA1_BYTES || given.toString('base64') !== signature) return false;
  const fields = [...form.keys()].sort().map((name) =>
    [...new Set(form.get(name))]
      .sort()
      .map((value) => name + value)
      .join(''),
  );
  const signed = fields.join('');
  // No early end: neither form of the address is to be told from the other by the time that it takes.
  return addressesOf(url)
    .map((address) =>
      timingSafeEqual(
        createHmac('sha1', authToken)
          .update(address + signed, 'utf8')
          .digest(),
        given,
      ),
    )
    .includes(true);
}

/** The address without a port and with one, untouched otherwise: Twilio has signed its very characters. */
function addressesOf(url: string): readonly string[] {
  const match = /^(https?):\/\/([^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(:\d+)?([/?].*)?$/is.exec(url);
  if (!match) return [];
  const [, scheme = '', login = '', host = '', port, rest = ''] = match;
  const standard = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  return [`${scheme}://${login}${host}${rest}`, `${scheme}://${login}${host}${port ?? standard}${rest}`];
}
