/** How one request to a provider ended, for all the messages in it. */
export type SendOutcome =
  /** The provider has them. Never send them again. */
  | { readonly kind: 'accepted'; readonly messageId: string | undefined }
  /**
   * A definite no: none of them was taken, and the same request would be refused again. `blamed` are the positions of the
   * messages that the provider named: without them the rest may pass. `account`: our key or account is at fault, no message is.
   */
  | {
      readonly kind: 'refused';
      readonly concerns: 'request' | 'account';
      readonly blamed: readonly number[];
      readonly status: number | undefined;
      readonly because: string;
    }
  /** A definite not yet: none of them was taken, and the same request may be sent again from that time on. */
  | { readonly kind: 'not_accepted'; readonly retryAtMs: number; readonly because: string }
  /** Nobody can say here whether they were taken. Only the provider's own events can settle it. */
  | { readonly kind: 'ambiguous'; readonly because: string };
