import { createECDH } from 'node:crypto';

/** What tells push services who we are: a browser's subscription is bound to the public key, and `subject` says whom they may write to. */
export type VapidKeys = { readonly publicKey: string; readonly privateKey: string; readonly subject: string };

const KEY_BYTES = 32;

/** The keys that belong to a private one, in base64url; nothing where it is none. */
export function vapidKeysOf(privateKey: string, subject: string): VapidKeys | undefined {
  const bytes = Buffer.from(privateKey, 'base64url');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64url') !== privateKey) return undefined;
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(bytes);
  } catch {
    return undefined;
  }
  return { publicKey: pair.getPublicKey().toString('base64url'), privateKey, subject };
}

/** Push services take no other. */
export const isVapidSubject = (text: string): boolean => /^(mailto:[^\s@]+@[^\s@]+\.[^\s@]+|https:\/\/[^\s/]+\.[^\s]+)$/.test(text);
