/** When in a day a message goes out: at the user's best hour, at a minute of their local day, or at any time (null). */
export type SendTime = 'optimal' | number | null;

/** `optimal`, or an hour of the user's own clock such as `10:00 AM user_timezone` or `14:30`; nothing for anything else. */
export function parseSendTime(text: string): Exclude<SendTime, null> | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted === 'optimal') return 'optimal';
  const match = /^(\d{1,2}):(\d{2})(?:\s*(am|pm))?(?:\s+user_timezone)?$/.exec(wanted);
  if (match === null) return undefined;
  const [hour, minute] = [Number(match[1]), Number(match[2])];
  if (minute > 59) return undefined;
  if (match[3] === undefined) return hour > 23 ? undefined : hour * 60 + minute;
  return hour < 1 || hour > 12 ? undefined : ((hour % 12) + (match[3] === 'pm' ? 12 : 0)) * 60 + minute;
}
