import { createPublicKey, verify } from 'node:crypto';

/**
 * Whether SendGrid signed an event webhook's body: ECDSA (P-256, SHA-256) over the timestamp header and the raw bytes.
 * `publicKey` is the verification key as SendGrid shows it, base64 of its DER form. Whatever it is given, it never throws.
 *
 * Timestamp and body are signed without a boundary between them: digits on one side and none at the beginning of the other
 * keep a byte from moving across it. SendGrid names no age at which a signature ends, and repeats a body for a day: what was
 * seen before is recognised by its event ids.
 */
export function verifySendgridSignature(publicKey: string, signature: unknown, timestamp: unknown, rawBody: Uint8Array): boolean {
  if (typeof signature !== 'string' || typeof timestamp !== 'string' || !/^\d{1,16}$/.test(timestamp)) return false;
  if (/^\d/.test(String.fromCharCode(rawBody[0] ?? 0))) return false;
  try {
    const der = Buffer.from(signature, 'base64');
    // Of the many texts that Node reads as the same bytes only one is the signature.
    if (der.toString('base64') !== signature) return false;
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ec' && verify('sha256', Buffer.concat([Buffer.from(timestamp), rawBody]), key, der);
  } catch {
    return false;
  }
}
