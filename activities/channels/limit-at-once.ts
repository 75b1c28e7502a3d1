/** Does work when it is its turn. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** So much work at once; the rest waits, first come, first served. */
export function limitAtOnce(most: number): InTurn {
  const waiting: (() => void)[] = [];
  let active = 0;
  return async (work) => {
    if (active < most) active += 1;
    // Who ends hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else active -= 1;
    }
  };
}
