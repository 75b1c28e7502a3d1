/** An error as Meta answers it. */
export type MetaError = { readonly status: number; readonly code: number; readonly subcode?: number; readonly message: string };

export const metaError = (code: number, message: string, subcode?: number, status = 400): MetaError => ({
  status,
  code,
  message,
  ...(subcode !== undefined && { subcode }),
});

export const errorBody = ({ code, subcode, message }: MetaError) => ({
  error: {
    message: `(#${code}) ${message}`,
    type: 'OAuthException',
    code,
    ...(subcode !== undefined && { error_subcode: subcode }),
    fbtrace_id: 'AsandboxTrace',
  },
});
