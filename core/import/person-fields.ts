import { socialProviderOf } from '../event/contacts.js';

/** What a column of a list of people can mean, beyond being a trait. */
export type PersonField =
  | { readonly kind: 'user' | 'email' | 'phone' | 'whatsapp' | 'time_zone' | 'verified_at' | 'consent_source' | 'consent_at' }
  | { readonly kind: 'handle'; readonly provider: string }
  /** Consent to one channel, or without one to every address of the row. A refusal is its opposite: `unsubscribed` = yes. */
  | { readonly kind: 'consent' | 'refusal'; readonly channel?: 'email' | 'sms' | 'whatsapp' }
  | { readonly kind: 'trait'; readonly name: string };

const FIELDS: readonly (readonly [PersonField, string])[] = [
  [{ kind: 'user' }, 'user_id user customer_id customer external_id id'],
  [{ kind: 'email' }, 'email email_address e-mail mail primary_email'],
  [{ kind: 'phone' }, 'phone phone_number mobile mobile_phone mobile_number telephone tel cell sms'],
  [{ kind: 'whatsapp' }, 'whatsapp whatsapp_number whatsapp_phone'],
  [{ kind: 'time_zone' }, 'time_zone tz'],
  [{ kind: 'verified_at' }, 'verified_at email_verified_at confirmed_at confirm_time'],
  [{ kind: 'consent_source' }, 'consent_source opt_in_source'],
  [
    { kind: 'consent_at' },
    'consent_at consent_date consent_time consent_timestamp consented_at opt_in_time opt_in_date opted_in_at subscribed_at',
  ],
  [{ kind: 'consent' }, 'consent marketing_consent opt_in opted_in subscribed accepts_marketing'],
  [{ kind: 'consent', channel: 'email' }, 'email_consent email_opt_in email_marketing_consent accepts_email_marketing email_subscribed'],
  [{ kind: 'consent', channel: 'sms' }, 'sms_consent sms_opt_in sms_marketing_consent accepts_sms_marketing phone_consent'],
  [{ kind: 'consent', channel: 'whatsapp' }, 'whatsapp_consent whatsapp_opt_in'],
  [{ kind: 'refusal' }, 'unsubscribed opt_out opted_out'],
  [{ kind: 'refusal', channel: 'email' }, 'email_opt_out email_unsubscribed'],
  [{ kind: 'refusal', channel: 'sms' }, 'sms_opt_out sms_unsubscribed'],
  [{ kind: 'trait', name: 'first_name' }, 'first_name given_name forename'],
  [{ kind: 'trait', name: 'last_name' }, 'last_name surname family_name'],
  [{ kind: 'trait', name: 'name' }, 'name full_name'],
  [{ kind: 'trait', name: 'birthday' }, 'birthday birthdate date_of_birth dob'],
];

const fold = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

const BY_NAME: ReadonlyMap<string, PersonField> = new Map(
  FIELDS.flatMap(([field, names]) => names.split(' ').map((name) => [fold(name), field] as const)),
);

/** What a column of this name usually means; compared without case, spaces and punctuation. Unknown names are traits. */
export function personFieldOf(name: string): PersonField {
  const known = BY_NAME.get(fold(name));
  if (known) return known;
  const provider = socialProviderOf(name);
  return provider === undefined ? { kind: 'trait', name: name.trim() } : { kind: 'handle', provider };
}
