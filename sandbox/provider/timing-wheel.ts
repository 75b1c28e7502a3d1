export type TimingWheel<T> = {
  add(item: T, afterMs: number): void;
  size(): number;
  close(): void;
};

/** Hands items out when they are due, all of a tick at once: a timer for each of a million events would be too many. */
export function timingWheel<T>(tickMs: number, due: (items: readonly T[]) => void): TimingWheel<T> {
  const slots = new Map<number, T[]>();
  const tickOf = (atMs: number) => Math.ceil(atMs / tickMs);
  const nowMs = () => performance.now();
  let last = tickOf(nowMs()) - 1;
  let size = 0;
  const turn = () => {
    const current = Math.floor(nowMs() / tickMs);
    if (size === 0) last = Math.max(last, current);
    for (; last < current; last += 1) {
      const items = slots.get(last + 1);
      slots.delete(last + 1);
      if (!items) continue;
      size -= items.length;
      due(items);
    }
  };
  const timer = setInterval(turn, tickMs);
  return {
    add(item, afterMs) {
      const tick = Math.max(last + 1, tickOf(nowMs() + afterMs));
      const items = slots.get(tick);
      if (items) items.push(item);
      else slots.set(tick, [item]);
      size += 1;
    },
    size: () => size,
    close: () => clearInterval(timer),
  };
}
