import type { TestState } from './lifecycle.js';

/** Where a test that has started stood at a moment. */
export type Standing = 'running' | 'decided' | 'applied' | 'rolled_back';

/** From what a test is now, where it stood at a moment after its start: what happened later is not seen. */
export function standingAt(state: Exclude<TestState, { readonly mode: 'draft' }>, atMs: number): Standing {
  if (!('decidedAtMs' in state) || state.decidedAtMs >= atMs) return 'running';
  if (state.mode === 'rolled_back' && state.rolledBackAtMs < atMs) return 'rolled_back';
  return 'applied' in state && state.applied.atMs < atMs ? 'applied' : 'decided';
}
