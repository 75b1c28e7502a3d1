import type { WalkCounts, WalkKey } from './contract.js';

/** A walk whose row this execution holds. */
export type OpenWalk = WalkKey & { readonly execution: string };

/** What a phase tells while it runs. */
export type Steps = {
  /** There are so many more steps to do. */
  expect(steps: number): void;
  /** Waits for one expected step. */
  step<T>(work: Promise<T>): Promise<T>;
};

/** One part of a walk: does its steps and says what it did, in numbers. */
export type Phase = (walk: OpenWalk, steps: Steps) => Promise<WalkCounts>;
