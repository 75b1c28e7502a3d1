/** The rules that numbers must keep before any statistic may look at them. A broken one is the caller's mistake, so it throws. */

export function requireFinite(value: number, what: string): void {
  if (!Number.isFinite(value)) throw new RangeError(`${what} must be a finite number, not ${value}`);
}

export function requirePositive(value: number, what: string): void {
  if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${what} must be above 0 and finite, not ${value}`);
}

export function requireNotNegative(value: number, what: string): void {
  if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${what} must not be negative and must be finite, not ${value}`);
}

/** A whole number of things. Weighted or fractional counts are somebody else's statistics. */
export function requireCount(value: number, what: string): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`${what} must be a whole number of 0 or more, not ${value}`);
}

/** Strictly between 0 and 1: a level, a power, a baseline rate. */
export function requireOpenProbability(value: number, what: string): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${what} must lie between 0 and 1, both excluded, not ${value}`);
}

/** From 0 to 1. */
export function requireProbability(value: number, what: string): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${what} must lie between 0 and 1, not ${value}`);
}

/** Successes among trials. */
export function requireSuccesses(successes: number, trials: number, what: string): void {
  requireCount(trials, `trials of ${what}`);
  requireCount(successes, `successes of ${what}`);
  if (successes > trials) throw new RangeError(`${what} has ${successes} successes in ${trials} trials`);
}
