import { z } from 'zod';
import { ALL_TOPICS, consentActions, consentBases, parseTopic, type ConsentWord } from '../core/consent/consent.js';
import { messageChannels, type MessageChannel } from '../core/consent/quiet-hours.js';
import { parseEmail, parsePhone } from '../core/event/contacts.js';
import type { AddressStatus } from '../db/queries/consent-status.js';
import { askedOutcomes, type ConsentEventRow } from '../db/queries/consent.js';
import { JsonObject, parsedBy, storableText, Timestamp, UserIdField } from './fields.js';

export const Topic = parsedBy(
  parseTopic,
  z
    .string()
    .max(64)
    .meta({ description: 'What it is about; `*` is all topics.', examples: ['marketing'] }),
);
export const ChannelField = z.enum(messageChannels);
export const AddressField = storableText(1, 500).describe(
  'A mail address, a telephone number with its country (+14155550100), a handle; of an inbox the id of its user.',
);

const LONGEST_EVIDENCE = 4_000;
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** JSON that PostgreSQL can store, and short. */
const Evidence = JsonObject.refine((evidence) => {
  let storable = true;
  const json = JSON.stringify(evidence, (key, value: unknown) => {
    storable &&= isStorable(key) && (typeof value !== 'string' || isStorable(value));
    return value;
  });
  return storable && json.length <= LONGEST_EVIDENCE;
}, `at most ${LONGEST_EVIDENCE} characters of JSON are expected, without NUL and unpaired surrogates`);

export const NewWord = z
  .strictObject({
    channel: ChannelField,
    address: AddressField,
    topic: Topic.default('marketing'),
    user_id: UserIdField.optional().describe('Whose address it is. What was said stays when they are deleted; whose it was does not.'),
    action: z
      .enum(consentActions)
      .describe('`granted` is a yes, `denied` a no, `withdrawn` a no after a yes, `confirmed` the second yes of a double opt-in.'),
    basis: z.enum(consentBases).optional().describe('Of a yes, and needed there. Where a channel needs a yes, only `consent` will do.'),
    text_version: storableText(1, 100).optional().describe('Which words were agreed to.'),
    source: storableText(1, 200).describe('Where it was said: a form, a reply, an import.'),
    evidence: Evidence.optional().describe('What shows it: ids, hashes, the page. It outlives the person, so nothing that names them.'),
    double_opt_in: z
      .literal(true)
      .optional()
      .describe(
        'Ask for the confirmation by mail: once, with a link that works for seven days. Of a yes on the channel email, to a topic that is set ' +
          'to `double_opt_in`. Absent: your own mail asks, and you tell with `confirmed`.',
      ),
    at: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When it was said; now, when absent. Later words count, whenever they become known.'),
  })
  .superRefine(({ channel, address, action, basis, topic, double_opt_in: asks }, context) => {
    if (asks && (channel !== 'email' || action !== 'granted' || topic === ALL_TOPICS))
      context.addIssue({
        code: 'custom',
        path: ['double_opt_in'],
        message: 'only a yes by `email` to one topic can be confirmed by a mail',
      });
    if (addressOn(channel, address) === undefined) context.addIssue({ code: 'custom', path: ['address'], message: expected(channel) });
    if ((action === 'granted') !== (basis !== undefined))
      context.addIssue({ code: 'custom', path: ['basis'], message: 'a basis is expected with `granted`, and with nothing else' });
  });
export type NewWord = z.output<typeof NewWord>;

/** An address as contacts keep it; nothing where it cannot be one. */
export function addressOn(channel: MessageChannel, sent: string): string | undefined {
  if (channel === 'email') return parseEmail(sent);
  // An inbox and a user's devices are their own: the address is their id, as in `address_of`.
  if (channel === 'in_app' || channel === 'push') return Buffer.from(sent, 'utf8').toString('hex');
  return channel === 'sms' || channel === 'whatsapp' ? parsePhone(sent) : sent.trim() || undefined;
}

const expected = (channel: MessageChannel): string =>
  channel === 'email'
    ? 'not an e-mail address'
    : channel === 'sms' || channel === 'whatsapp'
      ? 'not a telephone number with its country, like +14155550100'
      : 'an address is expected';

export function wordOf(
  { user_id: userId, text_version: textVersion, basis, action, evidence, at, channel, topic, source, address }: NewWord,
  now: Date,
): ConsentWord {
  const said = {
    channel,
    topic,
    source,
    address: addressOn(channel, address) ?? address,
    at: at === undefined ? now : new Date(at),
    ...(userId !== undefined && { userId }),
    ...(evidence && { evidence }),
  };
  if (action !== 'granted') return { ...said, action };
  return { ...said, action, basis: basis ?? 'consent', ...(textVersion !== undefined && { textVersion }) };
}

const State = z.enum(['pending', 'granted', 'denied', 'withdrawn']);
export const StateNow = z.object({
  channel: ChannelField,
  topic: z.string(),
  state: State.nullable().describe('Null: nothing that counts was said. `pending`: a yes that was not confirmed.'),
  basis: z.enum(consentBases).nullable(),
});

export const StateAfterWord = StateNow.extend({
  confirmation: z
    .enum(askedOutcomes)
    .optional()
    .describe(
      'What became of `double_opt_in`: `asked`, a mail is on its way; `asked lately`, within ten minutes; `asked too often`, three times in a ' +
        'day or ten in a month; `confirmed`, it needs none; `withdrawn`, a later no counts; `suppressed`, the address bounced or complained.',
    ),
});

export const AddressShown = z.object({
  suppressed: z.string().nullable().describe('Why nothing at all is sent to the address: unsubscribed, complained, bounced.'),
  topics: z.array(z.object({ topic: z.string(), state: State, basis: z.enum(consentBases).nullable(), said_at: Timestamp.nullable() })),
});

export const addressShown = ({ suppressed, topics }: AddressStatus): z.input<typeof AddressShown> => ({
  suppressed,
  topics: topics.flatMap(({ topic, state, basis, saidAt }) => (state === null ? [] : [{ topic, state, basis, said_at: saidAt }])),
});

export const EventShown = z.object({
  event_id: z.int(),
  channel: ChannelField,
  topic: z.string(),
  action: z.enum(consentActions),
  basis: z.enum(consentBases).nullable(),
  text_version: z.string().nullable(),
  source: z.string(),
  evidence: JsonObject,
  at: Timestamp,
  recorded_at: Timestamp,
});

export const eventShown = ({ eventId, channel, topic, action, basis, textVersion, source, evidence, at, recordedAt }: ConsentEventRow) => ({
  event_id: eventId,
  channel,
  topic,
  action,
  basis,
  text_version: textVersion,
  source,
  evidence: { ...evidence },
  at,
  recorded_at: recordedAt,
});
