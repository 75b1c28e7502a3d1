import type { VariedPart } from './variation.js';

/** Something that is varied on its own while others are: the first of its levels is the control's. */
export type Factor = { readonly part: VariedPart; readonly levels: readonly Level[] };
export type Level = { readonly id: string; readonly value: string };

/** One combination of levels, one of each factor, in the order of the factors. */
export type Cell = { readonly id: string; readonly levels: readonly (Level & { readonly part: VariedPart })[] };

/**
 * All combinations of the factors' levels; the first is that of all first levels, the control. The id of a cell is the ids of its
 * levels in the order of the factors: `plain.long`.
 *
 * @example cellsOf([{ part: 'subject', levels: [{ id: 'a', value: 'A' }, { id: 'b', value: 'B' }] }]).map(({ id }) => id) // → ['a', 'b']
 */
export function cellsOf(factors: readonly Factor[]): Cell[] {
  const combinations = factors.reduce<readonly Cell['levels'][]>(
    (some, { part, levels }) => some.flatMap((chosen) => levels.map((level) => [...chosen, { ...level, part }])),
    [[]],
  );
  return combinations.map((levels) => ({ id: levels.map(({ id }) => id).join('.'), levels }));
}
