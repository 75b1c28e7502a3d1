import type { TestState } from './lifecycle.js';
import type { Variation } from './variation.js';

/**
 * What everybody is shown once a test is over: its winner, unless that was rolled back; else the control. Nothing while it is not over, or has
 * not begun.
 */
export function lastingVariation(state: TestState, variations: readonly Variation[]): Variation | undefined {
  switch (state.mode) {
    case 'draft':
    case 'running':
    case 'looking':
      return undefined;
    case 'rolled_back':
      return variations[0];
    case 'decided':
    case 'applied': {
      const { ending } = state;
      const winner = ending.kind === 'winner' ? variations.find(({ id }) => id === ending.variationId) : undefined;
      return winner ?? variations[0];
    }
  }
}
