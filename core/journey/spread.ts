import { DEFAULT_SLOT, type EntryClock, type Slot } from './due-time.js';
import type { Plan } from './plan.js';

/** Of those whose best time is the same, so many fall due in a minute; an hour later than best nobody does. */
const PER_MINUTE = 10_000;
const MOST_MINUTES = 60;
const LAST_MINUTE = 24 * 60 - 1;

/**
 * The slots of one batch. Where very many share a best time, their batches take turns after it: everybody's ten o'clock would else be one
 * moment for the provider, and for whoever reads the answers. Never past midnight, which would be another day.
 */
export function spreadSlots(
  slots: EntryClock['slots'],
  { steps }: Pick<Plan, 'steps'>,
  { batch, recipients }: { readonly batch: number; readonly recipients: number },
): EntryClock['slots'] {
  const later = batch % (Math.min(MOST_MINUTES, Math.floor(recipients / PER_MINUTE)) + 1);
  if (later === 0) return slots;
  const channels = steps.filter(({ sendTime }) => sendTime === 'optimal').map(({ channel }) => channel);
  return { ...slots, ...Object.fromEntries(channels.map((channel) => [channel, moved(slots[channel] ?? DEFAULT_SLOT, later)])) };
}

function moved({ hour, minute = 0, ...day }: Slot, later: number): Slot {
  const minuteOfDay = Math.min(hour * 60 + minute + later, LAST_MINUTE);
  return { ...day, hour: Math.floor(minuteOfDay / 60), minute: minuteOfDay % 60 };
}
