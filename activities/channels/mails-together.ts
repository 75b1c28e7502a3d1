import { randomUUID } from 'node:crypto';
import { chunkEmails } from '../../core/message/email.js';
import { answerCall, moveClaims } from '../../db/queries/send-ledger.js';
import { renderClaimedMails, type RenderMails } from '../sending/claimed-mails.js';
import {
  sendChunk,
  takenOver,
  type Chunk,
  type LedgerDependencies,
  type LedgerEmail,
  type PrepareEmails,
  type Standing,
} from '../sending/send-chunk.js';
import type { ChannelSender } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';

export type MailsTogetherDependencies = { readonly render: RenderMails; readonly prepareEmails: PrepareEmails };

/** Sends mails of which many go in one request, as SendGrid takes them: a call for each request. */
export const createMailsTogether =
  ({ render, prepareEmails }: MailsTogetherDependencies): ChannelSender =>
  async (ledger, step, { callId, claimedMs, claimed }) => {
    const { database, now, patience } = ledger;
    const { tenantId } = step;
    const { envelope, mails, unsent } = await renderClaimedMails({ ledger, render }, step, claimed);
    const { chunks, unsendable } = chunkEmails(mails);
    const answers = [
      ...unsent,
      ...unsendable.map(({ message: { messageId }, because: reason }) => ({ messageId, status: 'failed' as const, reason })),
    ];
    if (answers.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers, at: now() }), patience);
    const standings: Standing[] = [...answers];
    for (const chunk of await giveCalls(ledger, { tenantId, callId, claimedMs, envelope }, chunks)) {
      standings.push(...(await sendChunk({ ...ledger, prepareEmails }, chunk)));
    }
    return standings;
  };

/**
 * The first chunk keeps the call that all were claimed for; every other request is a call of its own. All get theirs before the
 * first begins: what still had a call that has begun could not be told from what was sent.
 */
async function giveCalls(
  { database, patience }: LedgerDependencies,
  call: Omit<Chunk, 'mails'>,
  chunks: readonly (readonly LedgerEmail[])[],
): Promise<readonly Chunk[]> {
  const given: Chunk[] = [];
  for (const mails of chunks) {
    const messageIds = mails.map(({ messageId }) => messageId);
    const callId = given.length === 0 ? call.callId : randomUUID();
    const move = { from: call.callId, to: callId, messageIds };
    if (given.length > 0 && !(await throughOutages(() => moveClaims(database, call.tenantId, move), patience))) throw takenOver();
    given.push({ ...call, callId, mails });
  }
  return given;
}
