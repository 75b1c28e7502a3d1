import {
  judgeEvidence,
  listedSinceMs,
  type ListedMessage,
  type SentEvidence,
  type UncertainText,
} from '../../core/message/twilio-evidence.js';
import { twilioAddress } from '../../core/message/twilio-message.js';
import { connectTwilio, type TwilioClient, type TwilioConnection } from './twilio-client.js';

type Page = Pick<Awaited<ReturnType<TwilioConnection['api']['messages']['page']>>, 'instances' | 'nextPage'>;

const PAGE_MESSAGES = 50;
const MOST_PAGES = 20;

/** A message to look for; which of those found are others' is asked of the ledger. */
export type SoughtText = Omit<UncertainText, 'isOthers'>;
type Looking = {
  readonly signal?: AbortSignal | undefined;
  readonly knownSids?: (sids: readonly string[]) => Promise<ReadonlySet<string>>;
};

/**
 * Asks Twilio for its messages to a number, and tells whether an uncertain one is among them. Found and absent are certain; a
 * look-up that fails is unclear, like whatever cannot be told apart. Does not throw.
 */
export async function findSent(client: TwilioClient, message: SoughtText, { signal, knownSids }: Looking = {}): Promise<SentEvidence> {
  const askedAtMs = Date.now();
  try {
    const listed = await listSince(client, message, signal);
    if (!listed) return { kind: 'unclear', because: 'there are too many messages to this number' };
    const others = await knownSids?.(listed.map(({ sid }) => sid));
    return judgeEvidence(listed, { ...message, isOthers: (sid) => others?.has(sid) === true }, askedAtMs);
  } catch (error) {
    // Its words may hold the number.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    return {
      kind: 'unclear',
      because: `Twilio's list was not seen: ${typeof code === 'string' || typeof code === 'number' ? code : 'an error'}`,
    };
  }
}

/**
 * The messages to the number, back to before the call. Not asked for by their date: that one is the date of sending, which a
 * message that still waits in a queue does not have. Twilio lists the latest first.
 */
async function listSince(client: TwilioClient, message: SoughtText, signal?: AbortSignal): Promise<readonly ListedMessage[] | undefined> {
  const { api } = connectTwilio(client, signal);
  const listed: ListedMessage[] = [];
  const to = twilioAddress(message.channel, message.to);
  let page: Page = await api.messages.page({ to, pageSize: PAGE_MESSAGES });
  for (let pages = 1; ; pages += 1) {
    const found = page.instances.map(({ sid, direction, body, status, dateCreated }) => ({
      sid,
      direction,
      body: body ?? '',
      status,
      createdAtMs: dateCreated.getTime(),
    }));
    listed.push(...found);
    const goesBackEnough = found.length > 0 && found.every(({ createdAtMs }) => createdAtMs < listedSinceMs(message));
    const next = page.nextPage();
    if (goesBackEnough || next === undefined) return listed;
    if (pages === MOST_PAGES) return undefined;
    page = await next;
  }
}
