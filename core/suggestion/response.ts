import { createHash } from 'node:crypto';
import { assertNever } from '../errors.js';
import type { TenantId } from '../ids.js';

/** What a person may answer to a suggestion, and where they did. */
export const responseActions = ['execute', 'pause', 'reject', 'details'] as const;
export type ResponseAction = (typeof responseActions)[number];
export const responseChannels = ['email', 'whatsapp', 'in_app'] as const;
export type ResponseChannel = (typeof responseChannels)[number];

/**
 * How a suggestion stands.
 *
 * pending: nobody has decided · paused: somebody wants to decide later · accepted: at least one of its actions was started ·
 * rejected: nobody wants it. The last two are final.
 */
export const suggestionStatuses = ['pending', 'accepted', 'paused', 'rejected'] as const;
export type SuggestionStatus = (typeof suggestionStatuses)[number];

/** What became of one recommended action. */
export type ActionOutcome =
  /** The note says what was made, and what is left to a person. */
  | { readonly kind: 'started'; readonly action_type: string; readonly reference: string; readonly note?: string }
  | { readonly kind: 'not_available'; readonly action_type: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly action_type: string; readonly reason: string };

/** What became of an answer. */
export type ResponseOutcome =
  | { readonly kind: 'executed'; readonly actions: readonly ActionOutcome[] }
  /** Nothing was started, and the suggestion is as it was: the same answer may be given again later. */
  | { readonly kind: 'not_executed'; readonly actions: readonly ActionOutcome[] }
  | { readonly kind: 'paused' }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'details' }
  /** It was so before. */
  | { readonly kind: 'unchanged' };

export type Verdict =
  | { readonly kind: 'execute' }
  | { readonly kind: 'settle'; readonly status: SuggestionStatus; readonly outcome: ResponseOutcome }
  | { readonly kind: 'refuse'; readonly because: string };

/**
 * The first decision stands: who says execute or reject has decided, and a later answer that contradicts is refused. One that
 * agrees changes nothing, and is never executed twice. A pause can be followed by either.
 */
export function judgeResponse(status: SuggestionStatus, action: ResponseAction): Verdict {
  if (action === 'details') return { kind: 'settle', status, outcome: { kind: 'details' } };
  switch (status) {
    case 'pending':
    case 'paused':
      return judgeUndecided(status, action);
    case 'accepted':
      return action === 'execute'
        ? unchanged(status)
        : { kind: 'refuse', because: 'the suggestion was accepted and its actions were started' };
    case 'rejected':
      return action === 'reject' ? unchanged(status) : { kind: 'refuse', because: 'the suggestion was rejected' };
    default:
      return assertNever(status);
  }
}

function judgeUndecided(status: 'pending' | 'paused', action: Exclude<ResponseAction, 'details'>): Verdict {
  switch (action) {
    case 'execute':
      return { kind: 'execute' };
    case 'pause':
      return status === 'paused' ? unchanged(status) : { kind: 'settle', status: 'paused', outcome: { kind: 'paused' } };
    case 'reject':
      return { kind: 'settle', status: 'rejected', outcome: { kind: 'rejected' } };
    default:
      return assertNever(action);
  }
}

const unchanged = (status: SuggestionStatus): Verdict => ({ kind: 'settle', status, outcome: { kind: 'unchanged' } });

/** How a suggestion stands after its actions were tried: accepted when one of them was started. */
export function settleExecution(status: SuggestionStatus, actions: readonly ActionOutcome[]): Extract<Verdict, { kind: 'settle' }> {
  const started = actions.some(({ kind }) => kind === 'started');
  return started
    ? { kind: 'settle', status: 'accepted', outcome: { kind: 'executed', actions } }
    : { kind: 'settle', status, outcome: { kind: 'not_executed', actions } };
}

/** The id of an answer that came without one: of what was answered, so that a repeated answer is one answer. */
export function derivedResponseId(answer: {
  readonly tenantId: TenantId;
  readonly suggestionId: string;
  readonly action: ResponseAction;
  readonly channel: ResponseChannel;
}): string {
  const said = JSON.stringify([answer.tenantId, answer.suggestionId, answer.action, answer.channel]);
  return `rsp_${createHash('sha256').update(said).digest('hex').slice(0, 20)}`;
}
