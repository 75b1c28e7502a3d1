const HOUR_MS = 3_600_000;

/**
 * The first moment after another at which it is this hour on a clock in the time zone. On a day whose clock jumps over the hour,
 * the look waits for the next day; on one that has it twice there are two, and one without new users changes nothing.
 */
export function nextLookTime(afterMs: number, { timeZone, hour }: { readonly timeZone: string; readonly hour: number }): number {
  if (!(Number.isSafeInteger(hour) && hour >= 0 && hour <= 23)) throw new RangeError(`an hour from 0 to 23 is expected, not ${hour}`);
  const clock = new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
  // every zone's whole hours lie on a quarter of an hour of UTC
  const step = HOUR_MS / 4;
  for (let at = (Math.floor(afterMs / step) + 1) * step; at <= afterMs + 50 * HOUR_MS; at += step) {
    const parts = Object.fromEntries(clock.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
    if (Number(parts.hour) === hour && Number(parts.minute) === 0) return at;
  }
  throw new RangeError(`it is never ${hour} o'clock in ${timeZone}`);
}
