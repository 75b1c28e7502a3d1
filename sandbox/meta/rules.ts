import type { MetaAccount } from './accounts.js';
import { metaError, type MetaError } from './errors.js';
import type { Comment, People } from './people.js';

/** A request that may be carried out. */
export type CheckedMessage = {
  readonly to: string;
  readonly comment: Comment | null;
  readonly text: string;
  readonly metadata: string | null;
};

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const invalid = (what: string): MetaError => metaError(100, `Invalid parameter: ${what}`);
const isEmptyBut = (value: Json, ...known: readonly string[]): boolean => Object.keys(value).every((key) => known.includes(key));

/** By the published rules of the Send API, as far as text goes; what they do not name is refused, as a typing error would be. */
export function checkMessage(body: unknown, account: MetaAccount, people: People): CheckedMessage | MetaError {
  if (!isRecord(body) || !isRecord(body['recipient']) || !isRecord(body['message'])) return invalid('recipient and message are required');
  const { recipient, message, messaging_type: type } = body;
  if (!isEmptyBut(body, 'recipient', 'message', 'messaging_type', 'tag')) return invalid('an unknown field');
  const said = checkWords(message, account);
  if ('code' in said) return said;
  if (type === 'MESSAGE_TAG' || body['tag'] !== undefined) return invalid('this tag is not available any more');
  const whom = 'comment_id' in recipient ? commenterOf(recipient, account, people) : personOf(recipient, type, { account, people });
  return 'code' in whom ? whom : { ...whom, ...said };
}

function checkWords(message: Json, { provider }: MetaAccount): Pick<CheckedMessage, 'text' | 'metadata'> | MetaError {
  const { text, metadata } = message;
  const isMessenger = provider === 'messenger';
  if (!isEmptyBut(message, 'text', ...(isMessenger ? ['metadata'] : []))) return invalid('an unknown field of the message');
  if (typeof text !== 'string' || text === '') return invalid('message must have text');
  const length = isMessenger ? text.length : Buffer.byteLength(text);
  if (length > (isMessenger ? 2_000 : 1_000))
    return invalid(`Length of param message[text] must be less than or equal to ${isMessenger ? 2_000 : 1_000}`);
  if (metadata !== undefined && (typeof metadata !== 'string' || metadata.length > 1_000)) return invalid('metadata');
  return { text, metadata: metadata ?? null };
}

type Whom = Pick<CheckedMessage, 'to' | 'comment'>;
type World = { readonly account: MetaAccount; readonly people: People };

function personOf({ id, ...more }: Json, type: unknown, { account, people }: World): Whom | MetaError {
  if (Object.keys(more).length > 0 || typeof id !== 'string' || !/^\d+$/.test(id)) return invalid('recipient');
  if (type !== 'RESPONSE' && type !== 'UPDATE') return invalid('messaging_type');
  if (!people.isKnown(account, id)) return metaError(100, 'No matching user found', 2018001);
  if (people.isBlocked(account, id)) return metaError(551, "This person isn't available right now.", 1545041);
  const outside = account.provider === 'messenger' ? 2018278 : 2534022;
  if (!people.isOpen(account, id)) return metaError(10, 'This message is sent outside of allowed window.', outside, 403);
  return { to: id, comment: null };
}

function commenterOf({ comment_id: id, ...more }: Json, account: MetaAccount, people: People): Whom | MetaError {
  if (Object.keys(more).length > 0 || typeof id !== 'string') return invalid('recipient');
  const comment = people.commentOf(account, id);
  if (!comment) return metaError(100, 'Invalid comment id');
  if (!people.isAnswerable(comment)) return metaError(10903, "This user can't reply to this activity");
  if (comment.isAnswered) return metaError(10900, 'Activity already replied to');
  return { to: comment.from, comment };
}
