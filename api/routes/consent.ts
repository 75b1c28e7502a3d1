import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { SendingReadiness } from '../../core/campaign/preflight.js';
import type { Database } from '../../db/client.js';
import { findUser } from '../../db/queries/audience.js';
import { readAddressStatus, readUserStatus } from '../../db/queries/consent-status.js';
import { listConsentEvents, listConsentEventsOfUser, recordConsent } from '../../db/queries/consent.js';
import {
  addressOn,
  AddressField,
  addressShown,
  AddressShown,
  ChannelField,
  EventShown,
  eventShown,
  NewWord,
  StateAfterWord,
  Topic,
  wordOf,
} from '../consent-fields.js';
import { requireConfirmable, wishFor } from '../double-opt-in.js';
import { UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

export type ConsentRouteDependencies = { readonly database: Database; readonly sending: SendingReadiness; readonly now: () => Date };

const MOST_WORDS = 500;

const UserConsent = z.object({
  user_id: z.string(),
  topic: z.string(),
  channels: z.array(
    AddressShown.extend({
      channel: ChannelField,
      address: z.string().describe('Of an inbox, its user in hex.'),
      contact_consent: z.enum(['granted', 'denied']).nullable().describe('What an import has said of the contact.'),
      because: z.string().nullable().describe('Why no message about the topic would be sent; null where one would, hours and caps apart.'),
    }),
  ),
  events: z.array(EventShown).describe('All that they said, the first word first.'),
});

const AddressConsent = AddressShown.extend({ events: z.array(EventShown).describe('All that was said, the first word first.') });

export function createConsentRoutes({ database, sending, now }: ConsentRouteDependencies): readonly Route[] {
  const keyOf = (): Buffer => {
    if (sending.ledgerKey) return sending.ledgerKey;
    throw new DomainError('conflict', 'no address can be looked up, because LEDGER_KEY is not configured');
  };
  return [
    defineRoute({
      method: 'post',
      path: '/v1/consent',
      tag: 'Consent',
      summary: 'Record what people said of consent',
      description:
        'Kept for ever, as the proof; what holds now is answered. The same word twice changes nothing but the history. ' +
        'A yes on the basis of consent lifts an earlier unsubscription, but no complaint and no bounce.',
      scope: 'consent:write',
      startsSomething: true,
      body: z.strictObject({ words: z.array(NewWord).min(1).max(MOST_WORDS) }),
      responses: { 200: z.object({ items: z.array(StateAfterWord) }).describe('What holds now, of each word in its place.') },
    }).handledBy(async ({ tenantId, body: { words } }) => {
      const at = now();
      const said = words.map((word) => wordOf(word, at));
      const addressKey = keyOf();
      const asking = words.flatMap(({ double_opt_in: asks, topic }, place) => (asks ? [{ place, topic }] : []));
      if (asking.length > 0) await requireConfirmable(database, sending, tenantId, asking);
      const wishes = asking.map(({ place }) => wishFor(addressKey, tenantId, { place, address: said[place]?.address }));
      const states = await recordConsent(database, tenantId, said, { addressKey, at, wishes });
      const items = words.map(({ channel, topic }, i) => {
        const { state = null, basis = null, asked: confirmation = null } = states[i] ?? {};
        return { channel, topic, state, basis, ...(confirmation !== null && { confirmation }) };
      });
      return { status: 200, body: { items } };
    }),
    defineRoute({
      method: 'post',
      path: '/v1/consent/status',
      tag: 'Consent',
      summary: 'Show what an address has said, and whether it is suppressed',
      description: 'Asked by POST, so that the address stands in no log.',
      scope: 'read',
      body: z
        .strictObject({ channel: ChannelField, address: AddressField })
        .refine(({ channel, address }) => addressOn(channel, address) !== undefined, 'not an address of that channel'),
      responses: { 200: AddressConsent.describe('What is known of the address, whoever it belongs to.') },
    }).handledBy(({ tenantId, body: { channel, address: sent } }) =>
      database.withTenant(tenantId, async (tx) => {
        const address = addressOn(channel, sent) ?? sent;
        const status = await readAddressStatus(tx, tenantId, { channel, address, addressKey: keyOf() });
        const events = await listConsentEvents(tx, tenantId, status.addressHash);
        return { status: 200, body: { ...addressShown(status), events: events.map(eventShown) } };
      }),
    ),
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}/consent',
      tag: 'Consent',
      summary: 'Show whether a user may be written to, on each channel, and what they said',
      scope: 'read',
      params: z.strictObject({ user_id: UserIdField }),
      query: z.strictObject({ topic: Topic.default('marketing') }),
      responses: { 200: UserConsent.describe("The user's consent.") },
    }).handledBy(({ tenantId, params, query: { topic } }) =>
      database.withTenant(tenantId, async (tx) => {
        const found = await findUser(tx, tenantId, params.user_id);
        if (!found) throw new DomainError('not_found', 'there is no such user');
        const { userId } = found.user;
        const channels = await readUserStatus(tx, tenantId, { userId, topic, addressKey: keyOf() });
        const events = await listConsentEventsOfUser(tx, tenantId, userId);
        return {
          status: 200,
          body: {
            user_id: userId,
            topic,
            channels: channels.map(({ channel, address, contactConsent, because, ...status }) => ({
              channel,
              address,
              contact_consent: contactConsent,
              because,
              ...addressShown(status),
            })),
            events: events.map(eventShown),
          },
        };
      }),
    ),
  ];
}
