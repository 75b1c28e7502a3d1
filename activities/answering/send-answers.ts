import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import { openText } from '../../core/message/sealed-text.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { beginAnswer, claimAnswers, listTenantsWithAnswers, settleAnswers, type ClaimedAnswer } from '../../db/queries/answers.js';
import { answerCall } from '../../db/queries/send-ledger.js';
import type { LedgerCalls } from '../channels/one-by-one.js';
import { ledgerCalls, type OwnCall } from '../sending/own-calls.js';
import type { LedgerDependencies } from '../sending/send-chunk.js';
import { throughOutages } from '../sending/through-outages.js';

/** An answer that was claimed, with the address that it goes to. */
export type Answer = Omit<ClaimedAnswer, 'sealedTo' | 'sealId'> & { readonly address: string };

/** An answer with its words, or why there are none. */
export type WrittenAnswer<M> = { readonly answer: Answer; readonly message: M } | { readonly answer: Answer; readonly because: string };

/** How answers of one kind go. */
export type AnswerWay<M extends { readonly token: string }> = {
  /** Their words, in their order, and how they are sent: as `sendOneByOne` does, telling the ledger of each. */
  write(
    tenantId: TenantId,
    answers: readonly Answer[],
  ): Promise<{
    readonly written: readonly WrittenAnswer<M>[];
    send(messages: readonly M[], calls: LedgerCalls<M>): Promise<readonly SendOutcome[]>;
  }>;
  /** A keyed hash of the words, where the ledger keeps one. */
  readonly saidOf: (message: M) => Buffer | null;
};

/** Takes the answers that are its, and gives how many there were. */
export type AnswerSender = (ledger: LedgerDependencies, tenantId: TenantId, answers: readonly Answer[]) => Promise<number>;
export type AnsweringDependencies = LedgerDependencies & { readonly senders: readonly AnswerSender[] };

const AT_ONCE = 50;

/**
 * Sends the answers whose time has come: claim, write, say that each call begins, send, write down what was answered. It can be done again at
 * any moment, and by several workers at once: nobody is sent the same twice, and what one leaves behind another takes up. A tenant for
 * whom it fails keeps nobody else waiting; the first failure is thrown at the end.
 */
export async function sendAnswers(dependencies: AnsweringDependencies, signal?: AbortSignal): Promise<number> {
  const { database, now } = dependencies;
  const failures: unknown[] = [];
  let sent = 0;
  for (const tenantId of await listTenantsWithAnswers(database, now())) {
    if (signal?.aborted) break;
    try {
      sent += await sendOfTenant(dependencies, tenantId);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return sent;
}

async function sendOfTenant({ senders, ...ledger }: AnsweringDependencies, tenantId: TenantId): Promise<number> {
  const { database, ledgerKey, now } = ledger;
  const calls = Array.from({ length: AT_ONCE }, () => randomUUID());
  const claimed = await claimAnswers(database, tenantId, { calls, addressKey: ledgerKey, at: now() });
  const answers = claimed.flatMap(({ sealedTo, sealId, ...answer }) => {
    const address = openText(ledgerKey, { tenantId, providerId: sealId }, sealedTo);
    return address === undefined ? [] : [{ ...answer, address }];
  });
  const opened = new Set(answers.map(({ messageId }) => messageId));
  for (const { callId, messageId } of claimed.filter((one) => !opened.has(one.messageId))) {
    await refuse(ledger, tenantId, { callId, messageId, because: 'its address was sealed under another LEDGER_KEY' });
  }
  let sent = 0;
  for (const send of senders) sent += await send(ledger, tenantId, answers);
  return sent;
}

/** The sender of the answers that `isMine` knows. */
export const createAnswerSender =
  <M extends { readonly token: string }>(isMine: (answer: Answer) => boolean, way: AnswerWay<M>): AnswerSender =>
  async (ledger, tenantId, all) => {
    const answers = all.filter(isMine);
    if (answers.length === 0) return 0;
    const claimedMs = Date.now();
    const { written, send } = await way.write(tenantId, answers);
    const own: OwnCall<M>[] = [];
    for (const one of written) {
      const { callId, messageId } = one.answer;
      if ('because' in one) await refuse(ledger, tenantId, { callId, messageId, because: one.because });
      else own.push({ callId, messageId, message: one.message });
    }
    const { calls } = ledgerCalls(ledger, {
      tenantId,
      claimedMs,
      own,
      begin: async (some, judging) => {
        const begun = some.map(({ message, ...call }) =>
          beginAnswer(ledger.database, tenantId, { ...call, ...judging, said: way.saidOf(message) }),
        );
        return (await Promise.all(begun)).flatMap((message) => message ?? []);
      },
    });
    const messages = own.map(({ message }) => message);
    await send(messages, calls);
    await settleAnswers(
      ledger.database,
      tenantId,
      answers.map(({ messageId }) => messageId),
    );
    return answers.length;
  };

type Refusal = { readonly callId: string; readonly messageId: number; readonly because: string };

async function refuse({ database, now, patience }: LedgerDependencies, tenantId: TenantId, { callId, messageId, because }: Refusal) {
  const answers = [{ messageId, status: 'failed', reason: because }] as const;
  await throughOutages(() => answerCall(database, tenantId, { callId, answers, at: now() }), patience);
  await settleAnswers(database, tenantId, [messageId]);
}
