import type { SocialMessage } from './social-message.js';

/**
 * A message as Meta's Send API takes it. On Messenger our token travels as `metadata`, which nobody is shown and the webhook of echoes
 * brings back; Instagram has no such place.
 */
export function metaMessage({ provider, to, text, token }: SocialMessage) {
  return {
    recipient: to.kind === 'person' ? { id: to.id } : { comment_id: to.id },
    ...(to.kind === 'person' && { messaging_type: 'RESPONSE' as const }),
    message: { text, ...(provider === 'messenger' && { metadata: token }) },
  };
}
