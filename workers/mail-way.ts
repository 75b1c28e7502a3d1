import { createMailsTogether, type MailsTogetherDependencies } from '../activities/channels/mails-together.js';
import { createSendgridClient, prepareEmails } from '../activities/channels/sendgrid.js';
import { createSingleMails, type PostMails } from '../activities/channels/single-mails.js';
import { createSmtpChannel, sendMails } from '../activities/channels/smtp.js';
import { createSmtpClient } from '../activities/channels/smtp-client.js';
import { createEmailRenderer } from '../activities/sending/rendering.js';
import type { PrepareEmails } from '../activities/sending/send-chunk.js';
import type { ChannelSender } from '../activities/sending/send-step.js';
import type { SendingConfig } from '../config/sending.js';
import type { Database } from '../db/client.js';

/** What a mail says, and how it goes to SendGrid, where it is not as the configuration says. */
export type Outgoing = Partial<MailsTogetherDependencies>;

/** The way that the mails of an installation go. */
export type MailWay = {
  /** Of steps of campaigns. */
  readonly channel: ChannelSender;
  /** Of mails that answer somebody. */
  readonly post: PostMails;
  close(): void;
};

export type MailWaySettings = {
  readonly database: Database;
  readonly sending: SendingConfig;
  readonly outgoing?: Outgoing | undefined;
  /** For a request to SendGrid. */
  readonly timeoutMs: number;
};

export function openMailWay({ database, sending: { publicUrl, ledgerKey, mail }, outgoing, timeoutMs }: MailWaySettings): MailWay {
  const render = outgoing?.render ?? createEmailRenderer({ database, publicUrl, ledgerKey, leadsLinks: mail.kind === 'smtp' });
  if (mail.kind === 'smtp') {
    // A server may want to know whom it talks to, and the name of a container says nothing.
    const client = createSmtpClient({ ...mail.server, name: new URL(publicUrl).hostname });
    return {
      channel: createSmtpChannel({ client, render }),
      post: (envelope, mails, calls) => sendMails(client, { envelope, mails, calls }),
      close: () => client.close(),
    };
  }
  const account = createSendgridClient({ apiKey: mail.apiKey, baseUrl: mail.apiUrl, timeoutMs });
  const prepare: PrepareEmails = outgoing?.prepareEmails ?? ((batch) => prepareEmails(account, batch));
  return {
    channel: createMailsTogether({ render, prepareEmails: prepare }),
    post: createSingleMails(prepare),
    close: () => undefined,
  };
}
