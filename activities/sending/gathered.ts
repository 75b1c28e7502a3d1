/**
 * Does together what is asked for one by one: while some is under way, what comes is gathered, and goes next, in one go. Where that fails, it
 * fails for all that went together.
 */
export function gathered<Item>(work: (items: readonly Item[]) => Promise<void>): (item: Item) => Promise<void> {
  let next: { readonly items: Item[]; readonly done: Promise<void> } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (item) => {
    if (next) {
      next.items.push(item);
      return next.done;
    }
    const items = [item];
    const done = last.then(() => {
      next = undefined;
      return work(items);
    });
    next = { items, done };
    last = done.catch(() => undefined);
    return done;
  };
}
