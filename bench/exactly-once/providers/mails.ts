import { setTimeout as sleep } from 'node:timers/promises';
import type { RenderMails } from '../../../activities/sending/claimed-mails.js';
import type { EmailMessage } from '../../../core/message/email.js';
import { RENDERING_MS, type BareMessage } from './provider.js';

export const MAIL_ENVELOPE = { from: { email: 'hello@shop.example' }, tracking: { opens: true, clicks: true } };

const mailTo = (userId: string) => ({ subject: `Welcome ${userId}`, html: `<p>Hello ${userId}</p>`, text: `Hello ${userId}` });

export const renderMails: RenderMails = async (_step, users) => {
  await sleep(RENDERING_MS * users.length);
  return { envelope: MAIL_ENVELOPE, mails: users.map(({ userId }) => mailTo(userId)) };
};

export const bareMail = ({ token, address, userId }: BareMessage): EmailMessage => ({ token, to: { email: address }, ...mailTo(userId) });
