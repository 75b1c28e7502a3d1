import { PROVIDERS } from './providers/all.js';
import type { World } from './world.js';

/** Each message that was taken, and when, by the clock of the machine: as the journals of the providers say, and the inboxes. */
export type Accepted = ReadonlyMap<MessageKey, { readonly way: string; readonly timesMs: readonly number[] }>;

/** A message's number, and the way that it went: nobody's word but the provider's. */
export type MessageKey = `${string} ${number}`;
export const keyOf = (way: string, messageId: number): MessageKey => `${way} ${messageId}`;

export async function readAccepted({ providers }: World): Promise<Accepted> {
  const accepted = new Map<MessageKey, { way: string; timesMs: number[] }>();
  for (const { name, ways } of PROVIDERS) {
    for (const { messageId, channel, atMs } of (await providers.get(name)?.taken()) ?? []) {
      const way = ways.find((one) => one.channel === channel)?.name ?? channel;
      const key = keyOf(way, messageId);
      const known = accepted.get(key);
      if (known) known.timesMs.push(atMs);
      else accepted.set(key, { way, timesMs: [atMs] });
    }
  }
  return accepted;
}
