/** The value of a polynomial whose coefficients are given from the highest power down (Horner's scheme). */
export function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}
