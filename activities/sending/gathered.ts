/**
 * Does together what is asked for one by one: while some is under way, what comes is gathered, and goes next, in one go. Gives each its own
 * result, in its place of what `work` gives; where it fails, it fails for all that went together.
 */
export function gathered<Item, Result>(work: (items: readonly Item[]) => Promise<readonly Result[]>): (item: Item) => Promise<Result> {
  type Asked = { readonly item: Item; readonly resolve: (result: Result) => void; readonly reject: (error: unknown) => void };
  let waiting: Asked[] = [];
  let isBusy = false;
  async function goOn(): Promise<void> {
    isBusy = true;
    while (waiting.length > 0) {
      const together = waiting;
      waiting = [];
      try {
        const results = await work(together.map(({ item }) => item));
        for (const [i, { resolve }] of together.entries()) resolve(results[i] as Result);
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    isBusy = false;
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isBusy) void goOn();
    });
}
