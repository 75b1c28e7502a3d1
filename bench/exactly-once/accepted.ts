import { readToken } from '../../core/message/token.js';
import { readJournal } from '../../sandbox/sendgrid/journal.js';
import { readJournal as readTexts } from '../../sandbox/twilio/journal.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import type { Channel } from './people.js';
import type { World } from './world.js';

/** Each message that was taken, and when, by the clock of the machine: as the journals of the providers say, and the inboxes. */
export type Accepted = ReadonlyMap<number, { readonly channel: Channel; readonly timesMs: readonly number[] }>;

export async function readAccepted(world: World): Promise<Accepted> {
  const accepted = new Map<number, { channel: Channel; timesMs: number[] }>();
  for (const { messageId, channel, atMs } of [...journalEntries(world), ...(await inboxItems(world))]) {
    const taken = accepted.get(messageId);
    if (taken) taken.timesMs.push(atMs);
    else accepted.set(messageId, { channel, timesMs: [atMs] });
  }
  return accepted;
}

type Taken = { readonly messageId: number; readonly channel: Channel; readonly atMs: number };

function* journalEntries({ journals, tenantId }: World): Generator<Taken> {
  const taken = (token: string, at: string, channel: Channel): Taken[] => {
    const message = readToken(ADDRESS_KEY, token);
    return message?.tenantId === tenantId ? [{ messageId: message.messageId, channel, atMs: Date.parse(at) }] : [];
  };
  for (const { at, custom_args } of readJournal(journals.mails)) {
    for (const token of Object.values(custom_args)) yield* taken(token, at, 'email');
  }
  for (const { at, token, to } of readTexts(journals.texts)) {
    if (token !== null) yield* taken(token, at, to.startsWith('whatsapp:') ? 'whatsapp' : 'sms');
  }
}

/** An item says for itself whose it is and of which step: two of one are the same message twice, whatever the ledger calls them. */
async function inboxItems({ database, tenantId, aheadMs }: World): Promise<readonly Taken[]> {
  const { rows } = await database.admin.query<{ id: number; at: number }>(
    `select min(message_id) over (partition by user_id, data->>'step')::int as id, extract(epoch from created_at)::float8 * 1000 as at
     from inbox_items where tenant_id = $1`,
    [tenantId],
  );
  return rows.map(({ id, at }) => ({ messageId: id, channel: 'in_app', atMs: at - aheadMs }));
}
