import type { SocialProvider } from '../../core/message/social-message.js';

/** A page or a professional account that has let the app in. */
export type MetaAccount = { readonly provider: SocialProvider; readonly accountId: string; readonly accessToken: string };
/** An app of Meta's, with the accounts that it may write for. */
export type MetaApp = { readonly appSecret: string; readonly verifyToken: string; readonly accounts: readonly MetaAccount[] };

export const SANDBOX_APP: MetaApp = {
  appSecret: 'sandbox-app-secret',
  verifyToken: 'sandbox-verify-token',
  accounts: [
    { provider: 'messenger', accountId: '100000000000001', accessToken: 'EAAsandboxpage' },
    { provider: 'instagram', accountId: '17841400000000001', accessToken: 'EAAsandboxinstagram' },
  ],
};
