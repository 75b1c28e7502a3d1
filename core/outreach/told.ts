/** What became of a plan: see `decideDraft`; `withdrawn` of a draft that an earlier walk has written. */
export type PlanOutcome = 'drafted' | 'renewed' | 'open' | 'running' | 'rested' | 'withdrawn';

/** A plan of a walk as its brief tells of it. */
export type ToldPlan = {
  readonly channel: string;
  readonly name: string;
  readonly outcome: PlanOutcome;
  /** At most, as planned. */
  readonly messages: number;
  readonly waitsBecause: string | null;
  /** By itself. */
  readonly isLaunched: boolean;
};
