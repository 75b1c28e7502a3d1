import type { Rates } from '../core/message/rates.js';
import type { SmtpServer } from '../core/message/smtp-server.js';
import { vapidKeysOf, type VapidKeys } from '../core/push/vapid.js';
import type { Environment } from './environment.js';

export type SendingConfig = {
  /** Signs the tokens of messages and hashes addresses. Whoever loses it loses who has unsubscribed. */
  readonly ledgerKey: Buffer;
  /** Where people reach the API: links in messages lead there. */
  readonly publicUrl: string;
  readonly mail: MailConfig;
  /** Stands in the address to which SendGrid posts what people write back. Absent: nothing is taken. */
  readonly inboundSecret?: string;
  /** Absent: no SMS and no WhatsApp message is sent. */
  readonly twilio?: TwilioConfig;
  /** Absent: no push message is sent. */
  readonly push?: PushConfig;
  /** What providers take: mails by account or server, texts by sender. */
  readonly rates: Rates;
  /** Absent: no message is sent over Messenger and Instagram. */
  readonly meta?: MetaConfig;
};

export type PushConfig = {
  readonly vapid: VapidKeys;
  /** The one push service of a rehearsal, and its certificate (PEM). */
  readonly service?: { readonly origin: string; readonly certificate: string };
};

/** The way that mails go. */
export type MailConfig =
  | {
      readonly kind: 'sendgrid';
      readonly apiKey: string;
      readonly apiUrl: string;
      /** As SendGrid shows it, base64. */
      readonly webhookKey: string;
    }
  | { readonly kind: 'smtp'; readonly server: SmtpServer };

export type TwilioConfig = {
  readonly accountSid: string;
  /** Opens the account, and signs what Twilio posts to us. */
  readonly authToken: string;
  readonly apiUrl: string;
};

export type MetaConfig = {
  /** Of the app: it signs what Meta posts to us, and shows that our requests are the app's. */
  readonly appSecret: string;
  /** Meta shows it when the webhook is set up. */
  readonly verifyToken: string;
  /** Of the Graph API, with its version. */
  readonly apiUrl: string;
};

/** What is configured of sending: nothing where an installation sends nothing. */
export function sending(env: Environment): { sending?: SendingConfig } {
  const { LEDGER_KEY: key, PUBLIC_URL: publicUrl, SENDGRID_INBOUND_SECRET: inboundSecret } = env;
  const mail = mailConfig(env);
  if (!key || !publicUrl || !mail) return {};
  const ledgerKey = Buffer.from(key, 'base64');
  const ways = { mail, ...twilio(env), ...meta(env), ...push(env), rates: rates(env), ...(inboundSecret && { inboundSecret }) };
  return { sending: { ledgerKey, publicUrl: publicUrl.replace(/\/+$/, ''), ...ways } };
}

function mailConfig(env: Environment): MailConfig | undefined {
  const { SMTP_URL: server, SENDGRID_API_KEY: apiKey, SENDGRID_API_URL: apiUrl, SENDGRID_WEBHOOK_KEY: webhookKey } = env;
  if (server) return { kind: 'smtp', server };
  return apiKey && webhookKey ? { kind: 'sendgrid', apiKey, apiUrl, webhookKey } : undefined;
}

function twilio({ TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_URL: apiUrl }: Environment) {
  return accountSid && authToken ? { twilio: { accountSid, authToken, apiUrl } } : {};
}

function push(env: Environment): { push?: PushConfig } {
  const { VAPID_PRIVATE_KEY: key, VAPID_SUBJECT: subject, PUSH_SERVICE_URL: url, PUSH_SERVICE_CERTIFICATE: certificate } = env;
  const vapid = key && subject ? vapidKeysOf(key, subject) : undefined;
  if (!vapid) return {};
  const service =
    url && certificate ? { origin: new URL(url).origin, certificate: Buffer.from(certificate, 'base64').toString() } : undefined;
  return { push: { vapid, ...(service && { service }) } };
}

function rates({ EMAIL_PER_SECOND: email, SMS_PER_SECOND: sms, WHATSAPP_PER_SECOND: whatsapp }: Environment): Rates {
  return { ...(email !== undefined && { email }), ...(sms !== undefined && { sms }), whatsapp };
}

function meta({ META_APP_SECRET: appSecret, META_VERIFY_TOKEN: verifyToken, META_API_URL: apiUrl }: Environment) {
  return appSecret && verifyToken ? { meta: { appSecret, verifyToken, apiUrl } } : {};
}
