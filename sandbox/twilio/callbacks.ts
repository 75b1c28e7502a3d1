import type { Fields } from './signing.js';
import type { StoredText } from './messages.js';
import type { Keyword } from './threads.js';

const VERSION = { ApiVersion: '2010-04-01' };

/** What Twilio posts to a message's own address when its status changes. */
export function statusFields({ sid, to, from, status, errorCode, serviceSid }: StoredText, accountSid: string): Fields {
  const isWhatsapp = to.startsWith('whatsapp:');
  return {
    ...VERSION,
    AccountSid: accountSid,
    MessageSid: sid,
    SmsSid: sid,
    MessageStatus: status,
    SmsStatus: status,
    To: to,
    From: from,
    ...(serviceSid !== null && { MessagingServiceSid: serviceSid }),
    ...(errorCode !== null && { ErrorCode: String(errorCode) }),
    ...(isWhatsapp && { ChannelInstallSid: `XE${'0'.repeat(32)}`, ChannelPrefix: 'whatsapp', ChannelToAddress: to }),
    ...(status === 'read' && { EventType: 'READ' }),
  };
}

export type Written = {
  readonly message: StoredText;
  /** Only where a Messaging Service knows its keywords. */
  readonly keyword: Keyword | undefined;
  readonly quotes: StoredText | undefined;
};

/** What Twilio posts when somebody has written to a sender of ours. */
export function inboundFields({ message, keyword, quotes }: Written, accountSid: string): Fields {
  const { sid, to, from, body, serviceSid } = message;
  const number = from.replace('whatsapp:', '');
  return {
    ...VERSION,
    AccountSid: accountSid,
    MessageSid: sid,
    SmsSid: sid,
    SmsMessageSid: sid,
    SmsStatus: 'received',
    NumMedia: '0',
    NumSegments: '1',
    Body: body,
    From: from,
    To: to,
    ...(serviceSid !== null && { MessagingServiceSid: serviceSid, ...(keyword && { OptOutType: keyword }) }),
    ...(number === from
      ? { FromCountry: 'US', FromState: '', FromCity: '', FromZip: '' }
      : { ProfileName: 'A person', WaId: number.slice(1), Forwarded: 'false', FrequentlyForwarded: 'false', ReferralNumMedia: '0' }),
    ...(quotes && { OriginalRepliedMessageSid: quotes.sid, OriginalRepliedMessageSender: quotes.from }),
  };
}
