import type { JourneyBatch } from '../../core/journey/batch.js';
import { phaseOf, type Phase } from '../../core/journey/state.js';
import type { BatchRef, JourneyShown } from './contract.js';

const WORDS: Readonly<Record<Phase, string>> = {
  new: 'have not entered',
  watching: 'wait for a reaction',
  scheduled: 'wait for their time',
  sending: 'are being sent to',
  left: 'are over',
};

/** A batch in the Temporal UI: where its journeys are, by their numbers alone; of a batch of one, that person's story. */
export function storyOf({ campaignId, batch }: BatchRef, journeys: JourneyBatch, steps: readonly { readonly key: number }[]): string {
  const counts = new Map<string, number>();
  for (const state of journeys.states) {
    const phase = phaseOf(state);
    const place = phase === 'left' || phase === 'new' ? WORDS[phase] : `${WORDS[phase]}, step ${steps[state[1]]?.key ?? '?'}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const reasons = new Map<string, number>();
  for (const [, because] of journeys.left) reasons.set(because, (reasons.get(because) ?? 0) + 1);
  return [
    `**${campaignId}**, batch ${batch}: ${journeys.states.length} journeys.`,
    lines(counts),
    ...(reasons.size > 0 ? [`How they ended:\n\n${lines(reasons)}`] : []),
  ].join('\n\n');
}

const lines = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, count]) => `- ${count} ${what.replaceAll('_', ' ')}`).join('\n');

/** One journey, for whoever asks. */
export function showJourney(journeys: JourneyBatch, idx: number, steps: readonly { readonly key: number }[]): JourneyShown | null {
  const state = journeys.states[idx];
  if (state === undefined) return null;
  const wakesAt = journeys.wakesAtMs(idx);
  const left = journeys.left.find(([one]) => one === idx);
  return {
    idx,
    phase: phaseOf(state),
    stepKey: steps[state[1]]?.key ?? null,
    wakesAt: wakesAt === null ? null : new Date(wakesAt).toISOString(),
    left: left ? { because: left[1], at: new Date(left[2]).toISOString() } : null,
  };
}
