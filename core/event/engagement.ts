import type { KnownEvent } from './vocabulary.js';

export type EngagementChannel = 'email' | 'sms' | 'whatsapp' | 'social' | 'push' | 'in_app';
export type EngagementKind = 'delivered' | 'opened' | 'clicked' | 'replied' | 'bounced' | 'complained' | 'unsubscribed';
export type Engagement = { readonly channel: EngagementChannel; readonly kind: EngagementKind };

const ENGAGEMENTS: Partial<Record<KnownEvent, readonly [EngagementChannel, EngagementKind]>> = {
  email_delivered: ['email', 'delivered'],
  email_opened: ['email', 'opened'],
  email_clicked: ['email', 'clicked'],
  email_replied: ['email', 'replied'],
  email_bounced: ['email', 'bounced'],
  email_complained: ['email', 'complained'],
  email_unsubscribed: ['email', 'unsubscribed'],
  sms_delivered: ['sms', 'delivered'],
  sms_clicked: ['sms', 'clicked'],
  sms_replied: ['sms', 'replied'],
  sms_failed: ['sms', 'bounced'],
  sms_unsubscribed: ['sms', 'unsubscribed'],
  whatsapp_delivered: ['whatsapp', 'delivered'],
  whatsapp_opened: ['whatsapp', 'opened'],
  whatsapp_clicked: ['whatsapp', 'clicked'],
  whatsapp_replied: ['whatsapp', 'replied'],
  whatsapp_failed: ['whatsapp', 'bounced'],
  whatsapp_unsubscribed: ['whatsapp', 'unsubscribed'],
  social_delivered: ['social', 'delivered'],
  social_opened: ['social', 'opened'],
  social_clicked: ['social', 'clicked'],
  social_replied: ['social', 'replied'],
  social_unsubscribed: ['social', 'unsubscribed'],
  push_delivered: ['push', 'delivered'],
  push_opened: ['push', 'opened'],
  push_bounced: ['push', 'bounced'],
  push_unsubscribed: ['push', 'unsubscribed'],
  in_app_delivered: ['in_app', 'delivered'],
  in_app_clicked: ['in_app', 'clicked'],
};

const BY_EVENT: ReadonlyMap<string, Engagement> = new Map(
  Object.entries(ENGAGEMENTS).map(([event, [channel, kind]]) => [event, { channel, kind }]),
);

/** The channel and kind of an event that a message caused, by its canonical name; nothing for any other event. */
export function engagementOf(event: string): Engagement | undefined {
  return BY_EVENT.get(event);
}
