import { setCurrentDetails } from '@temporalio/workflow';
import { walkPhases, type PhaseProgress, type WalkCounts, type WalkKey, type WalkPhase, type WalkProgress } from './contract.js';
import type { Steps } from './phase.js';

export type Journal = {
  readonly progress: () => WalkProgress;
  opened(run: number, asOf: string): void;
  began(phase: WalkPhase): Steps;
  ended(phase: WalkPhase, counts: WalkCounts): void;
  closed(state: 'succeeded' | 'failed', error?: string): void;
};

/** Keeps what the progress query answers, and shows the same as the current details in the Temporal UI. */
export function startJournal(key: WalkKey): Journal {
  let walk: WalkProgress = {
    ...key,
    run: 0,
    state: 'opening',
    phases: walkPhases.map((phase) => ({ phase, state: 'waiting', stepsDone: 0, stepsTotal: 0 })),
    counts: {},
  };
  let asOf = '';
  const show = (change: Partial<WalkProgress>): void => {
    walk = { ...walk, ...change };
    setCurrentDetails(describe(walk, asOf));
  };
  const change = (phase: WalkPhase, by: (progress: PhaseProgress) => Partial<PhaseProgress>): void =>
    show({ phases: walk.phases.map((progress) => (progress.phase === phase ? { ...progress, ...by(progress) } : progress)) });

  return {
    progress: () => walk,
    opened(run, openedAsOf) {
      asOf = openedAsOf;
      show({ run, state: 'running' });
    },
    began(phase) {
      change(phase, () => ({ state: 'running' }));
      return {
        expect: (steps) => change(phase, ({ stepsTotal }) => ({ stepsTotal: stepsTotal + steps })),
        async step(work) {
          const result = await work;
          change(phase, ({ stepsDone }) => ({ stepsDone: stepsDone + 1 }));
          return result;
        },
      };
    },
    ended(phase, counts) {
      change(phase, () => ({ state: 'done' }));
      show({ counts: { ...walk.counts, ...counts } });
    },
    closed(state, error) {
      const phases = walk.phases.map((progress) => (progress.state === 'running' ? { ...progress, state: 'failed' as const } : progress));
      show({ state, phases, ...(error !== undefined && { error }) });
    },
  };
}

function describe({ walkDate, run, state, phases, counts, error }: WalkProgress, asOf: string): string {
  const rows = phases.map(({ phase, state: phaseState, stepsDone, stepsTotal }) => {
    const steps = stepsTotal === 0 ? '' : ` (${stepsDone} of ${stepsTotal} steps)`;
    return `- ${phase}: ${phaseState}${steps}`;
  });
  const found = Object.entries(counts).map(([what, count]) => `- ${count.toLocaleString('en-US')} ${what}`);
  return [
    `**The walk of ${walkDate}** (run ${run}) ${state === 'running' ? 'is under way' : state}${asOf && `, as of ${asOf}`}.`,
    ...(error === undefined ? [] : [`Failed: ${error}`]),
    rows.join('\n'),
    ...(found.length === 0 ? [] : [`Found:\n${found.join('\n')}`]),
  ].join('\n\n');
}
