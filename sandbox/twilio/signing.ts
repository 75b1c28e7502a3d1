import { createHmac } from 'node:crypto';

export type Fields = Readonly<Record<string, string>>;

/** Signs a webhook as Twilio does: HMAC-SHA1 of the address that is requested and each field's name and value, in their order. */
export function signWebhook(authToken: string, url: string, fields: Fields): string {
  const signed = Object.keys(fields)
    .toSorted()
    .map((name) => `${name}${fields[name]}`)
    .join('');
  return createHmac('sha1', authToken)
    .update(url + signed, 'utf8')
    .digest('base64');
}
