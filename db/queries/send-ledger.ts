import type { TenantId } from '../../core/ids.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import type { Database } from '../client.js';

/** The messages of one step for members of a batch: whom it is for is in the frozen audience. */
export type StepOfBatch = {
  readonly tenantId: TenantId;
  readonly campaignId: number;
  readonly stepKey: number;
  readonly channel: 'email' | 'sms' | 'whatsapp' | 'social' | 'push' | 'in_app';
  /** Of a social step: the one network that it goes over. */
  readonly provider?: SocialProvider | undefined;
  readonly batch: number;
  readonly members: readonly number[];
};

export const messageStatuses = [
  'claimed',
  'uncertain',
  'deferred',
  'suppressed',
  'failed',
  'sent',
  'delivered',
  'opened',
  'clicked',
  'replied',
] as const;
export type MessageStatus = (typeof messageStatuses)[number];

/** What became of one member's message. Only `claimed` may be sent, under the call that it was claimed for. */
export type Claim =
  | { readonly outcome: 'claimed'; readonly idx: number; readonly messageId: number; readonly userId: string; readonly address: string }
  /** Another try has it at this moment: ask again. */
  | { readonly outcome: 'held'; readonly idx: number; readonly messageId: number }
  /** An earlier call may have sent it: the provider's own word settles it. */
  | { readonly outcome: 'uncertain'; readonly idx: number; readonly messageId: number }
  | { readonly outcome: 'waiting'; readonly idx: number; readonly messageId: number; readonly dueAt: Date }
  /** Its campaign is: there is no message yet. */
  | { readonly outcome: 'paused'; readonly idx: number; readonly messageId: null; readonly dueAt: Date }
  | {
      readonly outcome: 'done';
      readonly idx: number;
      readonly messageId: number;
      readonly status: MessageStatus;
      readonly reason: string | null;
    };

/** Gives some messages of a call that has not begun to another one, where they do not fit into one request. False: not all are ours any more. */
export async function moveClaims(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { from, to, messageIds }: { readonly from: string; readonly to: string; readonly messageIds: readonly number[] },
): Promise<boolean> {
  const { rows } = await pool.query<{ moved: number }>('select move_claims($1, $2, $3, $4) as moved', [tenantId, from, to, messageIds]);
  return rows[0]?.moved === messageIds.length;
}

/** What has become of a message by the time its call begins: only one that is still `claimed` may be in the request. */
export type BegunMessage = {
  readonly messageId: number;
  readonly status: MessageStatus;
  readonly reason: string | null;
  readonly dueAt: Date | null;
};

/**
 * Says that a call's request is about to be written, and judges its messages once more: time has passed since their claim. Nothing:
 * another worker has taken them over, and nothing may be sent. Who made the call may ask again as long as nothing was written.
 */
export async function beginCall(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  call: { readonly callId: string; readonly messageIds: readonly number[]; readonly addressKey: Buffer; readonly at: Date },
): Promise<readonly BegunMessage[] | undefined> {
  const { rows } = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from begin_call($1, $2, $3, $4, $5)`,
    [tenantId, call.callId, call.messageIds, call.addressKey, call.at],
  );
  return rows.length === 0 ? undefined : rows;
}

/** What a provider answered about one message: taken, refused for good, to be tried from a moment on, or nothing that is certain. */
export type CallAnswer =
  | { readonly messageId: number; readonly status: 'sent' }
  | { readonly messageId: number; readonly status: 'failed'; readonly reason: string }
  | { readonly messageId: number; readonly status: 'deferred'; readonly reason: string; readonly dueAt: Date }
  | { readonly messageId: number; readonly status: 'uncertain'; readonly reason: string };

/** Writes the answers of a call; again, where the first time may not have arrived. What the provider has told meanwhile goes further, and stays. */
export async function answerCall(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  call: { readonly callId: string; readonly answers: readonly CallAnswer[]; readonly at: Date },
): Promise<void> {
  const answers = call.answers.map((answer) => [
    answer.messageId,
    answer.status,
    'reason' in answer ? answer.reason : null,
    'dueAt' in answer ? answer.dueAt.getTime() : null,
  ]);
  await pool.query('select answer_call($1, $2, $3, $4)', [tenantId, call.callId, JSON.stringify(answers), call.at]);
}

/** What a provider tells of a message that carries our token. */
export type ProviderEvent = {
  readonly eventId: string;
  readonly messageId: number;
  readonly kind: 'sent' | 'delivered' | 'opened' | 'clicked' | 'replied' | 'bounced' | 'dropped' | 'complained' | 'unsubscribed';
  readonly at: Date;
  readonly byMachine: boolean;
};

/** Takes events of messages of one tenant, each once, in whatever order; gives how many were new. */
export async function takeProviderEvents(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  provider: string,
  events: readonly ProviderEvent[],
): Promise<number> {
  const items = events.map(({ eventId, messageId, kind, at, byMachine }) => [eventId, messageId, kind, at.getTime(), byMachine]);
  const { rows } = await pool.query<{ taken: number }>('select take_provider_events($1, $2, $3) as taken', [
    tenantId,
    provider,
    JSON.stringify(items),
  ]);
  return rows[0]?.taken ?? 0;
}
