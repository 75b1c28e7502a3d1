import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * Whether Meta signed a webhook: `sha256=` and the HMAC-SHA256 of its very bytes, by the app's secret, in small hexadecimal digits.
 * Compared in constant time; whatever it is given, it never throws.
 */
export function verifyMetaSignature(appSecret: string, signature: unknown, rawBody: Uint8Array): boolean {
  const [, given] = (typeof signature === 'string' && SIGNATURE.exec(signature)) || [];
  if (given === undefined || appSecret === '') return false;
  return timingSafeEqual(createHmac('sha256', appSecret).update(rawBody).digest(), Buffer.from(given, 'hex'));
}

/** Shows with each request that the app, and nobody who has found a token, makes it. */
export const appSecretProof = (appSecret: string, accessToken: string): string =>
  createHmac('sha256', appSecret).update(accessToken).digest('hex');

/** Whether the token of a subscription is ours, in constant time. */
export function isVerifyToken(ours: string, given: unknown): boolean {
  const hash = (text: string) => createHmac('sha256', 'verify token').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(hash(ours), hash(given));
}
