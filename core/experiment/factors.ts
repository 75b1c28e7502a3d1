import { normalTwoSidedP } from '../stats/distributions/normal.js';
import { holm } from '../stats/multiplicity.js';
import type { ArmCounts } from './counts.js';
import { cellsOf, type Cell, type Factor } from './cells.js';
import { samplesOf } from './estimates.js';
import type { VariedPart } from './variation.js';

/**
 * What one level does by itself, or two do together beyond the sum of both, compared with the first level of their factors and
 * averaged over all levels of the others. In the metric's own unit. `p` is of one look at the end; `adjustedP` is Holm's over all.
 */
export type FactorEffect = {
  readonly kind: 'main' | 'interaction';
  readonly levels: readonly { readonly part: VariedPart; readonly levelId: string }[];
  readonly effect: number;
  readonly standardError: number;
  readonly p: number;
  readonly adjustedP: number;
};

type Contrast = Pick<FactorEffect, 'kind' | 'levels'> & { readonly weights: readonly number[] };

/**
 * Main effects and two-way interactions of a factorial test, by linear contrasts of its cells. Assumes independent users; every
 * user tells about every factor, so the effects are known better than those of single cells. Null while a cell has fewer than two
 * users or nothing varies. It describes; the verdict comes from the cells.
 *
 * Source: Box, Hunter and Hunter, "Statistics for experimenters", 2005, chapter 5; Holm, 1979.
 */
export function factorEffects(factors: readonly Factor[], arms: readonly Pick<ArmCounts, 'measured' | 'primary'>[]): FactorEffect[] | null {
  const cells = cellsOf(factors);
  if (cells.length !== arms.length)
    throw new RangeError(`${factors.length} factors make ${cells.length} cells, and ${arms.length} are given`);
  const samples = samplesOf(arms);
  if (samples.some(({ users }) => users < 2) || samples.every(({ variance }) => variance === 0)) return null;
  const contrasts = [...mainContrasts(factors, cells), ...interactionContrasts(factors, cells)];
  const measured = contrasts.map(({ kind, levels, weights }) => {
    const effect = weights.reduce((sum, weight, i) => sum + weight * (samples[i]?.mean ?? 0), 0);
    const variance = weights.reduce(
      (sum, weight, i) => sum + (weight * weight * (samples[i]?.variance ?? 0)) / (samples[i]?.users ?? 1),
      0,
    );
    const standardError = Math.sqrt(variance);
    const p = standardError > 0 ? normalTwoSidedP(effect / standardError) : 1;
    return { kind, levels, effect, standardError, p };
  });
  const adjusted = holm(measured.map(({ p }) => p));
  return measured.map((one, i) => ({ ...one, adjustedP: adjusted[i] ?? 1 }));
}

function mainContrasts(factors: readonly Factor[], cells: readonly Cell[]): Contrast[] {
  return factors.flatMap(({ part, levels: [base, ...others] }, factor) =>
    others.map((level) => {
      const others = cells.length / (factors[factor]?.levels.length ?? 1);
      const sign = (cell: Cell) => signOf(cell, factor, { level: level.id, base: base?.id });
      return { kind: 'main', levels: [{ part, levelId: level.id }], weights: cells.map((cell) => sign(cell) / others) };
    }),
  );
}

function interactionContrasts(factors: readonly Factor[], cells: readonly Cell[]): Contrast[] {
  const pairs = factors.flatMap((_, left) => factors.slice(left + 1).map((_, i) => [left, left + 1 + i] as const));
  return pairs.flatMap(([left, right]) => {
    const [one, two] = [factors[left], factors[right]];
    if (one === undefined || two === undefined) return [];
    const others = cells.length / (one.levels.length * two.levels.length);
    return one.levels.slice(1).flatMap((first) =>
      two.levels.slice(1).map((second): Contrast => {
        const sign = (cell: Cell) =>
          signOf(cell, left, { level: first.id, base: one.levels[0]?.id }) *
          signOf(cell, right, { level: second.id, base: two.levels[0]?.id });
        const levels = [
          { part: one.part, levelId: first.id },
          { part: two.part, levelId: second.id },
        ];
        return { kind: 'interaction', levels, weights: cells.map((cell) => sign(cell) / others) };
      }),
    );
  });
}

function signOf(cell: Cell, factor: number, { level, base }: { readonly level: string; readonly base: string | undefined }): number {
  const id = cell.levels[factor]?.id;
  return id === level ? 1 : id === base ? -1 : 0;
}
