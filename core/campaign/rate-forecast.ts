const HOUR_MS = 3_600_000;

/** Messages by the hours in which they are due, or go. */
type ByHour = ReadonlyMap<number, number>;

/**
 * When messages go that are due by these hours, where only so many per second may: first due, first gone. `slowed` of them go in a later
 * hour than they are due, `later` of these after the end.
 */
export function withinRate(
  due: ByHour,
  { perSecond, fromMs, untilMs }: { readonly perSecond: number; readonly fromMs: number; readonly untilMs: number },
): { readonly byHour: ByHour; readonly slowed: number; readonly later: number } {
  const byHour = new Map<number, number>();
  const hours = [...due.keys()].sort((a, b) => a - b);
  let [waiting, slowed] = [0, 0];
  for (let hour = hours.shift(); hour !== undefined;) {
    const own = due.get(hour) ?? 0;
    const seconds = (hour + HOUR_MS - Math.max(hour, fromMs)) / 1_000;
    const gone = Math.min(waiting + own, Math.floor(seconds * perSecond));
    slowed += own - Math.max(0, gone - waiting);
    waiting += own - gone;
    if (gone > 0) byHour.set(hour, gone);
    const next = hour + HOUR_MS;
    if (waiting === 0 || hours[0] === next) hour = hours.shift();
    else hour = next < untilMs ? next : hours.shift();
  }
  return { byHour, slowed, later: waiting };
}
