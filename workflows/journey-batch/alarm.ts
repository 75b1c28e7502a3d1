import * as wf from '@temporalio/workflow';

/**
 * One timer for a workflow that is woken by other things most of the time. It is set anew only for an earlier moment: going off too
 * early costs one look around, and setting it for every reaction would cost four events of history each.
 */
export class Alarm {
  private set: { readonly atMs: number; readonly timer: wf.CancellationScope } | undefined;
  private rang = false;

  /** `waitMs` from now is the moment `atMs` of whatever clock the caller goes by. */
  setFor(atMs: number, waitMs: number): void {
    if (this.set && this.set.atMs <= atMs) return;
    this.set?.timer.cancel();
    const timer = new wf.CancellationScope();
    this.set = { atMs, timer };
    void timer
      .run(() => wf.sleep(waitMs, { summary: `Until ${minuteOf(atMs)} UTC` }))
      .then(
        () => {
          this.rang = true;
          this.set = undefined;
        },
        () => undefined, // an earlier one took its place
      );
  }

  /** Whether it went off since it was silenced. */
  hasRung(): boolean {
    return this.rang;
  }

  silence(): void {
    this.rang = false;
  }
}

const minuteOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
