import type { Guardrail } from './metric.js';

/**
 * What one look says of a test. All but `continue` end it, and stay.
 *
 * winner: an arm is better than the control by the rule that was chosen beforehand · loser: every other arm is worse ·
 * harmful: an arm does harm by a guardrail · inconclusive: the planned end came without a difference, so the control stays ·
 * invalid: the numbers cannot be trusted, whatever they say.
 */
export type Verdict = { readonly kind: 'continue'; readonly waitingFor: readonly string[] } | FinalVerdict;

export type FinalVerdict =
  | { readonly kind: 'winner'; readonly variationId: string; readonly stoppedEarly: boolean }
  | { readonly kind: 'loser'; readonly variationIds: readonly string[]; readonly stoppedEarly: boolean }
  | { readonly kind: 'harmful'; readonly variationId: string; readonly guardrail: Guardrail }
  | { readonly kind: 'inconclusive'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string };

/** How the life of a test can end: by a look, or by a person. */
export type Ending = FinalVerdict | { readonly kind: 'stopped'; readonly by: string };

/** The same, as one sentence. */
export function verdictInWords(verdict: Verdict | Ending, nameOf: (variationId: string) => string): string {
  switch (verdict.kind) {
    case 'continue':
      return verdict.waitingFor.length === 0 ? 'Not decided yet.' : `Not decided yet: ${verdict.waitingFor.join('; ')}.`;
    case 'winner':
      return `"${nameOf(verdict.variationId)}" is better than the control${verdict.stoppedEarly ? ', found before the planned end' : ''}.`;
    case 'loser':
      return `${verdict.variationIds.map((id) => `"${nameOf(id)}"`).join(' and ')} did worse than the control, which stays.`;
    case 'harmful':
      return `"${nameOf(verdict.variationId)}" raised the ${verdict.guardrail} rate and was stopped at once.`;
    case 'inconclusive':
      return `No difference was found, and the control stays: ${verdict.reason}.`;
    case 'invalid':
      return `The numbers cannot be trusted: ${verdict.reason}.`;
    case 'stopped':
      return `Stopped by ${verdict.by} before it was decided; the control stays.`;
  }
}
