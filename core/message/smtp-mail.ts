import type { EmailAddress, EmailEnvelope, EmailMessage } from './email.js';

/** Larger mails are refused by most servers; what a server says itself is respected as well. */
export const SMTP_MOST_BYTES = 25_000_000;

/**
 * A mail as the mail library takes it: plain text and HTML, one-click unsubscribe (RFC 8058), and our token as what stands before
 * the @ of its Message-ID. No header of ours says anything about anybody.
 */
export function smtpMail({ from, replyTo }: EmailEnvelope, message: EmailMessage) {
  const { token, to, subject, text, html, unsubscribeUrl } = message;
  const replies = message.replyTo === undefined ? replyTo : { email: message.replyTo };
  return {
    from: named(from),
    to: named(to),
    ...(replies && { replyTo: named(replies) }),
    subject,
    text,
    html,
    messageId: `<${token}@${domainOf(from.email)}>`,
    ...(unsubscribeUrl !== undefined && {
      headers: { 'List-Unsubscribe': `<${unsubscribeUrl}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    }),
    // No line is longer than servers take, whatever a template holds.
    textEncoding: 'quoted-printable' as const,
    newline: 'windows' as const,
    // A mail is what its template says, never a file or an address that is fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

const named = ({ email, name = '' }: EmailAddress) => ({ address: email, name });

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);
