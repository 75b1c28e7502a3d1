import type { WantedSend } from '../../core/journey/batch.js';
import type { SendAnswer } from '../../core/journey/next.js';

export type AnsweredSend = WantedSend & { readonly answer: SendAnswer };
/** What is sent in one go: the same step to many. Never rejects. */
export type SendTogether = (wanted: readonly WantedSend[]) => Promise<readonly AnsweredSend[]>;

/**
 * The sends of a batch: one at a time on each lane, which is a channel, so that a provider that is down holds no other up. What waits
 * for its lane is sent together with what came meanwhile.
 */
export class Dispatcher {
  private waiting: WantedSend[] = [];
  private readonly busy = new Set<string>();
  private answers: AnsweredSend[] = [];

  constructor(
    private readonly laneOf: (stepKey: number) => string,
    private readonly sendTogether: SendTogether,
  ) {}

  add(wanted: readonly WantedSend[]): void {
    this.waiting.push(...wanted);
  }

  /** Begins what its lane has room for, and drops what is not wanted any more. */
  dispatch(isWanted: (idx: number) => boolean): void {
    const wanted = this.waiting.filter(({ idx }) => isWanted(idx));
    this.waiting = [];
    for (const [stepKey, together] of byStep(wanted)) {
      const lane = this.laneOf(stepKey);
      if (this.busy.has(lane)) {
        this.waiting.push(...together);
        continue;
      }
      this.busy.add(lane);
      void this.sendTogether(together).then((answers) => {
        this.busy.delete(lane);
        this.answers.push(...answers);
      });
    }
  }

  takeAnswers(): AnsweredSend[] {
    return this.answers.splice(0);
  }

  hasAnswers(): boolean {
    return this.answers.length > 0;
  }

  /** Nothing is in flight, and nothing has come back that was not taken. */
  isIdle(): boolean {
    return this.busy.size === 0 && this.answers.length === 0;
  }
}

function byStep(wanted: readonly WantedSend[]): ReadonlyMap<number, readonly WantedSend[]> {
  const groups = new Map<number, WantedSend[]>();
  for (const one of wanted) (groups.get(one.stepKey) ?? groups.set(one.stepKey, []).get(one.stepKey))?.push(one);
  return groups;
}
