import { engagementOf, type EngagementChannel } from '../event/engagement.js';

export const campaignChannels = ['email', 'sms', 'whatsapp', 'social', 'push', 'in_app'] as const satisfies readonly EngagementChannel[];

/** What a person can do with a message. Each is a bit, so that several of them travel as one small number. */
export const reactionBits = { delivered: 1, opened: 2, clicked: 4, replied: 8 } as const;
export type Reaction = keyof typeof reactionBits;
export const reactions = ['delivered', 'opened', 'clicked', 'replied'] as const satisfies readonly Reaction[];

/** What a trigger looks at: a reaction to an earlier step, or whether the campaign's goal was reached since entry. */
export type Watched = Reaction | 'engaged' | 'converted';

/** `channel` is null where the step before is meant, whatever its channel. `wanted` is false where the trigger is that it did not happen. */
export type TriggerRule = { readonly channel: EngagementChannel | null; readonly watches: Watched; readonly wanted: boolean };

const on = (channel: EngagementChannel, watches: Watched): TriggerRule => ({ channel, watches, wanted: true });
const did = (watches: Watched): TriggerRule => ({ channel: null, watches, wanted: true });
const didNot = (watches: Watched): TriggerRule => ({ channel: null, watches, wanted: false });

/** The closed list of triggers. `segment_entry` waits for nothing but the day: a journey begins with its entry. */
const TRIGGERS = {
  segment_entry: null,
  email_delivered: on('email', 'delivered'),
  email_opened: on('email', 'opened'),
  email_clicked: on('email', 'clicked'),
  email_replied: on('email', 'replied'),
  whatsapp_delivered: on('whatsapp', 'delivered'),
  whatsapp_opened: on('whatsapp', 'opened'),
  whatsapp_clicked: on('whatsapp', 'clicked'),
  whatsapp_replied: on('whatsapp', 'replied'),
  sms_delivered: on('sms', 'delivered'),
  sms_clicked: on('sms', 'clicked'),
  sms_replied: on('sms', 'replied'),
  social_delivered: on('social', 'delivered'),
  social_opened: on('social', 'opened'),
  social_clicked: on('social', 'clicked'),
  social_replied: on('social', 'replied'),
  push_delivered: on('push', 'delivered'),
  push_opened: on('push', 'opened'),
  in_app_delivered: on('in_app', 'delivered'),
  in_app_engaged: on('in_app', 'engaged'),
  delivered: did('delivered'),
  opened: did('opened'),
  clicked: did('clicked'),
  replied: did('replied'),
  engaged: did('engaged'),
  converted: did('converted'),
  not_delivered: didNot('delivered'),
  not_opened: didNot('opened'),
  not_clicked: didNot('clicked'),
  not_replied: didNot('replied'),
  not_engaged: didNot('engaged'),
  not_converted: didNot('converted'),
} as const satisfies Readonly<Record<string, TriggerRule | null>>;

const BY_NAME: ReadonlyMap<string, TriggerRule | null> = new Map(Object.entries(TRIGGERS));
export const triggerNames: readonly string[] = Object.keys(TRIGGERS);

/** Null for one that waits for nothing; nothing for a name that is not on the list. */
export const triggerRule = (name: string): TriggerRule | null | undefined => BY_NAME.get(name);

/** Who clicks has opened, though pictures that would tell of it were blocked; and what was opened was delivered. */
const SHOWN_BY: Readonly<Record<Watched, readonly Reaction[]>> = {
  delivered: ['delivered', 'opened', 'clicked', 'replied'],
  opened: ['opened', 'clicked', 'replied'],
  clicked: ['clicked'],
  replied: ['replied'],
  engaged: ['clicked', 'replied'],
  converted: [],
};

export const isShownBy = (watched: Watched, reaction: Reaction): boolean => SHOWN_BY[watched].includes(reaction);

const tellsOf = (channel: EngagementChannel, reaction: Reaction): boolean => engagementOf(`${channel}_${reaction}`) !== undefined;

/** Whether a channel ever tells of it: nobody opens an SMS in a way that anyone hears of. */
export function canShow(channel: EngagementChannel, watched: Watched): boolean {
  if (watched === 'converted') return true;
  return watched === 'engaged' ? SHOWN_BY.engaged.some((reaction) => tellsOf(channel, reaction)) : tellsOf(channel, watched);
}
