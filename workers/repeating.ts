/** Does a piece of work again and again, one after the other, until it is closed. What fails is told, and done again like all else. */
export function startRepeating(
  work: (signal: AbortSignal) => Promise<unknown>,
  { everyMs, onError }: { readonly everyMs: number; readonly onError: (error: unknown) => void },
): { close(): Promise<void> } {
  const closing = new AbortController();
  let running = Promise.resolve();
  let timer = setTimeout(begin, everyMs);
  function begin(): void {
    running = work(closing.signal)
      .then(() => undefined, onError)
      .then(() => {
        if (!closing.signal.aborted) timer = setTimeout(begin, everyMs);
      });
  }
  return {
    async close() {
      closing.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
