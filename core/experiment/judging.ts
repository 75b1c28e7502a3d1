import { formatPercent } from '../numbers.js';
import { controlOf, treatmentsOf, type TestDesign } from './design.js';
import type { Gate, Gates } from './gates.js';
import type { StoppingRule } from './look-state.js';
import type { Estimated, Ruling } from './stopping.js';
import type { FinalVerdict, Verdict } from './verdict.js';

/** What a verdict is made of. */
export type Judged = {
  readonly design: TestDesign;
  readonly rule: StoppingRule;
  readonly gates: Gates;
  readonly ruling: Ruling;
  readonly estimates: readonly Estimated[];
  readonly information: number;
  readonly ended: boolean;
  readonly open: boolean;
  /** The arm that a bandit is sure of. */
  readonly best: string | null;
};

/** The verdict of a look: broken numbers first, then harm, then what the rule found, then the end. */
export function judge(look: Judged): Verdict {
  const broken = look.gates.gates.filter(({ name, status }) => status === 'failed' && name !== 'guardrails');
  if (broken.length > 0) return { kind: 'invalid', reason: broken.map(({ detail }) => detail).join('; ') };
  if (look.gates.harm !== null) return { kind: 'harmful', ...look.gates.harm };
  const found = look.rule.kind === 'bandit' ? foundByBandit(look) : foundByRule(look);
  if (found !== null) return found;
  if (look.ended || isClosed(look)) return ending(look);
  return { kind: 'continue', waitingFor: waitingFor(look) };
}

/** The planned maximum is in, so nothing is left to spend. */
const isClosed = ({ open, information, rule }: Judged): boolean =>
  open && information >= 1 && (rule.kind === 'group_sequential' || rule.kind === 'fixed_horizon');

function foundByRule({ design, ruling, estimates, information, ended }: Judged): FinalVerdict | null {
  const stoppedEarly = information < 1 && !ended;
  const effectOf = (id: string) => estimates.find(({ variationId }) => variationId === id)?.estimate?.effect ?? Number.NEGATIVE_INFINITY;
  const on = (side: 'better' | 'worse') => treatmentsOf(design).flatMap(({ id }) => (ruling.state.decided[id]?.side === side ? [id] : []));
  const [best] = on('better').sort((left, right) => effectOf(right) - effectOf(left));
  if (best !== undefined) return { kind: 'winner', variationId: best, stoppedEarly };
  const worse = on('worse');
  return worse.length === design.variations.length - 1 ? { kind: 'loser', variationIds: worse, stoppedEarly } : null;
}

function foundByBandit({ design, best, ended }: Judged): FinalVerdict | null {
  if (best === null) return null;
  if (best !== controlOf(design).id) return { kind: 'winner', variationId: best, stoppedEarly: !ended };
  return { kind: 'loser', variationIds: treatmentsOf(design).map(({ id }) => id), stoppedEarly: !ended };
}

function ending({ design, gates, ruling }: Judged): FinalVerdict {
  const exposedTwice = gates.gates.find(({ name, status }) => name === 'multiple_exposures' && status === 'waiting');
  if (exposedTwice !== undefined) return { kind: 'invalid', reason: exposedTwice.detail };
  const missing = missingIn(gates.gates);
  if (missing.length > 0) return { kind: 'inconclusive', reason: `the end came with ${missing.join('; ')}` };
  const worse = treatmentsOf(design).filter(({ id }) => ruling.state.decided[id]?.side === 'worse');
  const reason = 'the planned end came without a difference that chance does not explain';
  return {
    kind: 'inconclusive',
    reason: worse.length === 0 ? reason : `${reason}, but that ${worse.map(({ name }) => JSON.stringify(name)).join(', ')} did worse`,
  };
}

const missingIn = (gates: readonly Gate[]): string[] => gates.filter(({ status }) => status === 'waiting').map(({ detail }) => detail);

function waitingFor({ gates, ruling, information, rule }: Judged): string[] {
  const missing = missingIn(gates.gates);
  if (missing.length > 0) return missing;
  const progress = rule.kind === 'confidence_sequence' ? [] : [`${formatPercent(Math.min(1, information))} of the plan is in`];
  return ruling.boundary === null ? progress : [...progress, `no |z| has reached ${ruling.boundary.toFixed(2)}`];
}
