import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export type Signer = {
  /** As SendGrid shows it to its customer: base64 of the key's DER form. */
  readonly publicKey: string;
  /** The webhook's headers for a body. */
  headers(body: string, atMs: number): Readonly<Record<string, string>>;
};

/** Signs event webhooks as SendGrid does: ECDSA over P-256 with SHA-256, of the timestamp and then the body. */
export function createSigner(privateKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey): Signer {
  return {
    publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
    headers(body, atMs) {
      const timestamp = String(Math.floor(atMs / 1_000));
      return {
        'X-Twilio-Email-Event-Webhook-Signature': sign('sha256', Buffer.from(timestamp + body), privateKey).toString('base64'),
        'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
      };
    },
  };
}

/** A signer that keeps its key over a restart: base64 of PKCS #8, as DER. */
export const signerOf = (pkcs8: string): Signer =>
  createSigner(createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' }));
