import { messageChannels, type QuietRules } from './quiet-hours.js';
import { parseWeekHours } from './week-hours.js';

/**
 * A tenant's own hours as they come from outside: `{"sms": "Mon-Fri 09:00-18:00", "email": "daily 07:00-22:00"}`. A RangeError says what
 * is wrong with them and where.
 */
export function parseOwnHours(sent: unknown): QuietRules['ownHours'] {
  if (sent === undefined || sent === null) return {};
  if (typeof sent !== 'object' || Array.isArray(sent))
    throw new RangeError('not hours by channel (like {"sms": "Mon-Fri 09:00-18:00"} is expected)');
  const entries = Object.entries(sent).map(([name, hours]) => {
    const channel = messageChannels.find((one) => one === name);
    if (channel === undefined)
      throw new RangeError(`not a channel: ${name.slice(0, 40)} (one of ${messageChannels.join(', ')} is expected)`);
    if (typeof hours !== 'string') throw new RangeError(`${channel}: hours are a text like "Mon-Fri 09:00-18:00"`);
    return [channel, prefixed(channel, hours)] as const;
  });
  return Object.fromEntries(entries);
}

function prefixed(channel: string, hours: string): ReturnType<typeof parseWeekHours> {
  try {
    return parseWeekHours(hours);
  } catch (cause) {
    throw new RangeError(`${channel}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
