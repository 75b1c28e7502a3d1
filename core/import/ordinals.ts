/** Says how often a row has come before, in one pass over any number of rows. */
export type Ordinals = {
  /** 1 for the first row of a content, 2 for one that equals it, and so on. The content is given as 64 bits of its hash. */
  next(high: number, low: number): number;
};

/** Up to this ordinal, rows are entries of their own; above it they are counted, for a file that repeats one row a million times. */
const MOST_ENTRIES = 16;
const FIRST_SIZE = 1 << 16;
const FULLNESS = 0.7;

/**
 * Five to twelve bytes a row, so that 100 million rows take less than 1.2 GB. A table has one slot of 32 bits an entry: where the
 * entry lies says other bits of the hash. When it is full another of twice the size takes over, and the full one is still asked.
 *
 * Rows of different content are taken for equal once in some ten million rows. All that comes of it is a gap in the ordinals, and the
 * same one whenever the same file is read again.
 */
export function createOrdinals(): Ordinals {
  const tables: Table[] = [createTable(FIRST_SIZE)];
  const repeated = new Map<number, number>();

  const add = (high: number, low: number): void => {
    const last = tables.at(-1);
    if (last?.add(high, low)) return;
    const next = createTable((last?.size ?? FIRST_SIZE) * 2);
    next.add(high, low);
    tables.push(next);
  };
  return {
    next(high, low) {
      for (let ordinal = 1; ordinal <= MOST_ENTRIES; ordinal += 1) {
        const mixedHigh = mix(high, ordinal);
        const mixedLow = mix(low, ordinal);
        if (tables.some((table) => table.has(mixedHigh, mixedLow))) continue;
        add(mixedHigh, mixedLow);
        return ordinal;
      }
      const key = (high >>> 0) * 2 ** 21 + (low >>> 11);
      const ordinal = (repeated.get(key) ?? MOST_ENTRIES) + 1;
      repeated.set(key, ordinal);
      return ordinal;
    },
  };
}

/** Another hash for each ordinal of a content. */
const mix = (bits: number, ordinal: number): number => (ordinal === 1 ? bits : Math.imul(bits ^ (ordinal * 0x9e3779b1), 0x85ebca6b)) >>> 0;

type Table = { readonly size: number; has(high: number, low: number): boolean; add(high: number, low: number): boolean };

/** A set by open addressing. `size` is a power of two. `add` refuses when the table is full. */
function createTable(size: number): Table {
  const slots = new Uint32Array(size);
  const mask = size - 1;
  let used = 0;
  const find = (high: number, low: number): number => {
    const entry = low === 0 ? 1 : low;
    let at = high & mask;
    while (slots[at] !== 0 && slots[at] !== entry) at = (at + 1) & mask;
    return at;
  };
  return {
    size,
    has: (high, low) => slots[find(high, low)] !== 0,
    add(high, low) {
      if (used >= size * FULLNESS) return false;
      slots[find(high, low)] = low === 0 ? 1 : low;
      used += 1;
      return true;
    },
  };
}
