import { openText, sealText } from './sealed-text.js';
import type { SocialProvider } from './social-message.js';

/** Whose token it is: moved to another tenant or network it cannot be opened. */
export type TokenOwner = { readonly tenantId: string; readonly provider: SocialProvider };

const purposeOf = ({ tenantId, provider }: TokenOwner) => ({ tenantId, providerId: `access token: ${provider}` });

/** Encrypts the token of an account, as replies are. */
export const sealToken = (ledgerKey: Buffer, owner: TokenOwner, token: string, nonce: Buffer): Buffer =>
  sealText(ledgerKey, purposeOf(owner), token, nonce);

export const openToken = (ledgerKey: Buffer, owner: TokenOwner, sealed: Buffer): string | undefined =>
  openText(ledgerKey, purposeOf(owner), sealed);
