/**
 * Where one journey is, as small as it can be, since a workflow carries hundreds and hands them on: which of its batch it is, the
 * position of its step, its phase, a time, and what was seen. All by position, because names would be four fifths of the bytes.
 *
 * - step: a position in the plan's steps; of a journey that is over, the last one that it stood at.
 * - dueS: seconds since 1970; what it means depends on the phase (`next.ts`).
 * - seen: bits that the plan gives out. "Opened step 2" is one of them, so that to hear of it twice is to hear of it once.
 */
export type JourneyState = readonly [idx: number, step: number, phase: number, dueS: number, seen: number];

export const phases = { new: 0, watching: 1, scheduled: 2, sending: 3, left: 4 } as const;
export type Phase = keyof typeof phases;
const NAMES: readonly Phase[] = ['new', 'watching', 'scheduled', 'sending', 'left'];
/** Added to a phase while the campaign is paused: the journey goes on from where it was. */
const PAUSED = 8;

export const newJourney = (idx: number): JourneyState => [idx, 0, phases.new, 0, 0];

export const phaseOf = (state: JourneyState): Phase => NAMES[state[2] & 7] ?? 'left';
export const isPaused = (state: JourneyState): boolean => (state[2] & PAUSED) !== 0;
export const withPause = ([idx, step, phase, dueS, seen]: JourneyState, paused: boolean): JourneyState => [
  idx,
  step,
  paused ? phase | PAUSED : phase & 7,
  dueS,
  seen,
];

/** When a journey wants to be woken: the batch sleeps until the earliest. Nothing where only an answer or a resumption moves it on. */
export function wakesAtMs(state: JourneyState): number | null {
  return state[2] === phases.watching || state[2] === phases.scheduled ? state[3] * 1000 : null;
}
