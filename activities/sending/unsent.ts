import type { CallAnswer } from '../../db/queries/send-ledger.js';

/** Why there is nothing to send to somebody: for good, or until a moment when it is tried again. */
export type Unsent = { readonly because: string; readonly until?: Date };

export type UnsentAnswer = Extract<CallAnswer, { status: 'failed' | 'deferred' }>;

export const unsentAnswer = (messageId: number, { because: reason, until: dueAt }: Unsent): UnsentAnswer =>
  dueAt === undefined ? { messageId, status: 'failed', reason } : { messageId, status: 'deferred', reason, dueAt };
