import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

/** What somebody wrote is sealed for one tenant and one message of the provider's: moved elsewhere it cannot be opened. */
export type SealedFor = { readonly tenantId: string; readonly providerId: string };

const CIPHER = 'aes-256-gcm';
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 1;

/** Encrypts a text under a key that is derived from the ledger's. `nonce` are random bytes that are never used again. */
export function sealText(ledgerKey: Buffer, purpose: SealedFor, text: string, nonce: Buffer): Buffer {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
  const cipher = createCipheriv(CIPHER, keyOf(ledgerKey), nonce).setAAD(aadOf(purpose));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), body]);
}

/** The text; nothing where the key, the tenant or the message is another one, or a bit has changed. Never throws. */
export function openText(ledgerKey: Buffer, purpose: SealedFor, sealed: Buffer): string | undefined {
  const from = 1 + NONCE_BYTES + TAG_BYTES;
  if (sealed.length < from || sealed[0] !== VERSION) return undefined;
  const decipher = createDecipheriv(CIPHER, keyOf(ledgerKey), sealed.subarray(1, 1 + NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(aadOf(purpose)).setAuthTag(sealed.subarray(1 + NONCE_BYTES, from));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(from)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** A text that was sent, so that it is known again and cannot be read. */
export const hashText = (ledgerKey: Buffer, text: string): Buffer =>
  createHmac('sha256', ledgerKey).update('madansara text').update(text).digest();

const keyOf = (ledgerKey: Buffer): Buffer => Buffer.from(hkdfSync('sha256', ledgerKey, '', 'madansara replies', 32));
const aadOf = ({ tenantId, providerId }: SealedFor): Buffer => Buffer.from(JSON.stringify([tenantId, providerId]));
