/** The networks that messages are sent over, as contacts name them. */
export const socialProviders = ['messenger', 'instagram'] as const;
export type SocialProvider = (typeof socialProviders)[number];

export const parseSocialProvider = (text: unknown): SocialProvider | undefined => socialProviders.find((one) => one === text);

/** One person's message on a network, rendered. */
export type SocialMessage = {
  /** The only id of ours that the network is given: opaque. */
  readonly token: string;
  readonly provider: SocialProvider;
  readonly to: SocialRecipient;
  readonly text: string;
};

/** Somebody who has written, by the id that the network gave them for us alone; or who has written a comment, which can be answered once. */
export type SocialRecipient = { readonly kind: 'person'; readonly id: string } | { readonly kind: 'comment'; readonly id: string };

/** Messenger counts characters, Instagram the bytes of UTF-8. */
export const MAX_MESSENGER_CHARS = 2_000;
export const MAX_INSTAGRAM_BYTES = 1_000;

const DAY_MS = 24 * 3_600_000;
/** What is judged open is sent within the time that a claim lasts, and has to arrive. */
const SPARE_MS = 5 * 60_000;
/** Whoever has written may be told anything for a day; a comment may be answered for a week. */
export const WINDOW_MS = DAY_MS - SPARE_MS;
export const COMMENT_MS = 7 * DAY_MS - SPARE_MS;

/** The id of a person or an account at Meta. */
export const META_ID = /^\d{1,32}$/;
/** Of a comment: on a page its post's id stands before it. */
export const META_COMMENT_ID = /^\d{1,32}(_\d{1,32})?$/;
const TOKEN = /^[\w.~-]{1,200}$/;

/** Why a message cannot be sent, or nothing. */
export function socialFault({ token, provider, to, text }: SocialMessage): string | undefined {
  if (!TOKEN.test(token)) return 'its token is not 1 to 200 characters that are safe in a URL';
  if (!(to.kind === 'person' ? META_ID : META_COMMENT_ID).test(to.id)) return 'its recipient is no id of the network';
  if (text.trim() === '') return 'its text is empty';
  if (text.includes('\0') || !text.isWellFormed()) return 'its text holds what is no character';
  return socialLengthFault(provider, text);
}

/** Why a text is too long for a network, or nothing. */
export function socialLengthFault(provider: SocialProvider, text: string): string | undefined {
  if (provider === 'messenger') {
    return text.length > MAX_MESSENGER_CHARS ? `its text is longer than ${MAX_MESSENGER_CHARS} characters (${text.length})` : undefined;
  }
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MAX_INSTAGRAM_BYTES ? `its text is longer than ${MAX_INSTAGRAM_BYTES} bytes (${bytes})` : undefined;
}
