/**
 * What a provider says of an address, beyond the message at hand. `opted_out`: its owner has told the provider to let nothing
 * through. `unreachable`: it does not exist, or cannot take such messages. Nothing more is to be sent to either.
 */
export type AddressFault = 'opted_out' | 'unreachable';

/** How one request to a provider ended, for all the messages in it. */
export type SendOutcome =
  /** The provider has them. Never send them again. */
  | { readonly kind: 'accepted'; readonly messageId: string | undefined }
  /**
   * A definite no: none of them was taken, and the same request would be refused again. `blamed` are the positions of the
   * messages that the provider named: without them the rest may pass. `account`: our key, account or sender is at fault, no
   * message is. `addressFault`: the address of the one message in the request is.
   */
  | {
      readonly kind: 'refused';
      readonly concerns: 'request' | 'account';
      readonly blamed: readonly number[];
      readonly status: number | undefined;
      readonly because: string;
      readonly addressFault?: AddressFault;
    }
  /** A definite not yet: none of them was taken, and the same request may be sent again from that time on. */
  | { readonly kind: 'not_accepted'; readonly retryAtMs: number; readonly because: string }
  /** Nobody can say here whether they were taken. Only the provider's own events can settle it. */
  | { readonly kind: 'ambiguous'; readonly because: string };
