import assert from 'node:assert/strict';

/** Within an absolute tolerance. */
export function near(actual: number, expected: number, tolerance = 1e-12): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} (within ${tolerance})`);
}

/** Within a tolerance that is a part of the expected value. */
export const nearRelative = (actual: number, expected: number, tolerance = 1e-9): void =>
  near(actual, expected, Math.abs(expected) * tolerance);

/** Equal to an authority's number to all the digits that it prints, given as text. */
export function nearDigits(actual: number, printed: string): void {
  const [mantissa = '', exponent = '0'] = printed.split('e');
  const decimals = (mantissa.split('.')[1] ?? '').length;
  near(actual, Number(printed), 0.5001 * 10 ** (Number(exponent) - decimals));
}
