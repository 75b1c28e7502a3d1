/** The points and weights of Gauss and Legendre's rule on [-1, 1], in ascending order. */
export type LegendreRule = { readonly nodes: Float64Array; readonly weights: Float64Array };

const rules = new Map<number, LegendreRule>();

/**
 * Gauss and Legendre's rule of so many points: exact for polynomials of twice the degree, and for smooth functions as good as
 * exact once the points are closer than the function bends. Each rule is computed once and kept.
 *
 * Source: DLMF 3.5.15; the roots by Newton's method on the three-term recurrence.
 *
 * @example legendreRule(2).nodes[1] // → 0.5773502691896257
 */
export function legendreRule(points: number): LegendreRule {
  const known = rules.get(points);
  if (known !== undefined) return known;
  if (!(Number.isSafeInteger(points) && points > 0)) throw new RangeError(`a rule of ${points} points does not exist`);
  const rule = { nodes: new Float64Array(points), weights: new Float64Array(points) };
  for (let i = 0; i < (points + 1) >> 1; i += 1) {
    const { root, slope } = legendreRoot(points, Math.cos((Math.PI * (i + 0.75)) / (points + 0.5)));
    rule.nodes[i] = -root;
    rule.nodes[points - 1 - i] = root;
    rule.weights[i] = rule.weights[points - 1 - i] = 2 / ((1 - root * root) * slope * slope);
  }
  rules.set(points, rule);
  return rule;
}

function legendreRoot(degree: number, guess: number): { root: number; slope: number } {
  let root = guess;
  let slope = 1;
  for (let step = 0; step < 100; step += 1) {
    let [before, value] = [1, root];
    for (let k = 2; k <= degree; k += 1) [before, value] = [value, ((2 * k - 1) * root * value - (k - 1) * before) / k];
    slope = (degree * (root * value - before)) / (root * root - 1);
    const change = value / slope;
    root -= change;
    if (Math.abs(change) < 1e-15) break;
  }
  return { root, slope };
}
