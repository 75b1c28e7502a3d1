/**
 * Does together what is asked for one by one: while some is under way, what comes is gathered, and goes next, in one go. `work` gives a
 * result for each item, in their order. Where it fails, it fails for all that went together.
 */
export function gathered<Item, Result>(work: (items: readonly Item[]) => Promise<readonly Result[]>): (item: Item) => Promise<Result> {
  let next: { readonly items: Item[]; readonly done: Promise<readonly Result[]> } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const resultOf = async ({ items, done }: NonNullable<typeof next>, item: Item): Promise<Result> => {
    const position = items.push(item) - 1;
    return (await done)[position] as Result;
  };
  return (item) => {
    if (next) return resultOf(next, item);
    const items: Item[] = [];
    const done = last.then(() => {
      next = undefined;
      return work(items);
    });
    next = { items, done };
    last = done.catch(() => undefined);
    return resultOf(next, item);
  };
}
