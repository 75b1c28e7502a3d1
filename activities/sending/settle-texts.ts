import type { TenantId } from '../../core/ids.js';
import { hashText } from '../../core/message/sealed-text.js';
import type { SentEvidence } from '../../core/message/twilio-evidence.js';
import { kindOfStatus, statusEventId } from '../../core/message/twilio-status.js';
import type { Database } from '../../db/client.js';
import { takeProviderEvents } from '../../db/queries/send-ledger.js';
import {
  findKnownSids,
  listTenantsWithUncertainTexts,
  listUncertainTexts,
  noteTextSid,
  settleAbsent,
  type UncertainTextRow,
} from '../../db/queries/texts.js';
import { findSent } from '../channels/twilio-evidence.js';
import type { TwilioClient } from '../channels/twilio-client.js';

export type SettlingDependencies = {
  readonly database: Pick<Database, 'pool'>;
  readonly ledgerKey: Buffer;
  readonly client: TwilioClient;
  /** By the clock of the machine. */
  readonly nowMs: () => number;
};

/** How many uncertain texts were found, found to be absent, and left as they are. */
export type Settled = { readonly found: number; readonly absent: number; readonly unclear: number };

/** A status may still be on its way by itself. */
const LEFT_ALONE_MS = 30_000;
/** What could not be settled within a day will not be. */
const GIVEN_UP_MS = 24 * 3_600_000;
const MOST = 500;

/** Looks for uncertain texts in Twilio's list. Who has some is asked anew each time, so that it can be done again at any moment. */
export async function settleTexts(dependencies: SettlingDependencies, signal?: AbortSignal): Promise<Settled> {
  const { database, ledgerKey, nowMs } = dependencies;
  const settled = { found: 0, absent: 0, unclear: 0 };
  for (const tenantId of await listTenantsWithUncertainTexts(database)) {
    const rows = await listUncertainTexts(database, tenantId, {
      addressKey: ledgerKey,
      since: new Date(nowMs() - GIVEN_UP_MS),
      before: new Date(nowMs() - LEFT_ALONE_MS),
      limit: MOST,
    });
    for (const row of rows) {
      if (signal?.aborted) return settled;
      settled[await settle(dependencies, tenantId, row, signal)] += 1;
    }
  }
  return settled;
}

async function settle(
  { database, ledgerKey, client }: SettlingDependencies,
  tenantId: TenantId,
  row: UncertainTextRow,
  signal: AbortSignal | undefined,
): Promise<SentEvidence['kind']> {
  const { messageId, channel, address, said, calledAt, givenUpAt } = row;
  const sought = {
    channel,
    to: address,
    calledAtMs: calledAt.getTime(),
    givenUpAtMs: givenUpAt.getTime(),
    ...(said && { isItsText: (text: string) => hashText(ledgerKey, text).equals(said) }),
  };
  const evidence = await findSent(client, sought, { signal, knownSids: (sids) => findKnownSids(database, sids) });
  switch (evidence.kind) {
    case 'absent':
      return (await settleAbsent(database, tenantId, messageId, 'Twilio does not have it')) ? 'absent' : 'unclear';
    case 'found': {
      const { messageSid, status } = evidence;
      // Another one may have been found to be the same meanwhile.
      if (!(await noteTextSid(database, tenantId, messageId, messageSid))) return 'unclear';
      const told = kindOfStatus(status) ?? 'accepted';
      const kind = told === 'accepted' ? 'sent' : told === 'bounced' ? 'dropped' : told;
      const event = { eventId: statusEventId(messageSid, status), messageId, kind, at: calledAt, byMachine: false } as const;
      await takeProviderEvents(database, tenantId, 'twilio', [event]);
      return 'found';
    }
    case 'unclear':
      return 'unclear';
  }
}
