import { createECDH, randomBytes } from 'node:crypto';
import type { Recipient } from './sealed.js';

/** As `PushSubscription.toJSON()` of a browser has it. */
export type BrowserSubscription = {
  readonly endpoint: string;
  readonly expirationTime: null;
  readonly keys: { readonly p256dh: string; readonly auth: string };
};

/** A device that has subscribed, with what only it has. */
export type SubscribedDevice = Recipient & {
  readonly id: string;
  readonly subscription: BrowserSubscription;
  /** The public key of whoever may send to it; null: anybody. */
  readonly sender: string | null;
  /** Its browser has taken the permission back. */
  isGone: boolean;
};

/** The devices of a push service, by the last part of their endpoints. */
export function openSubscriptions(origin: () => string) {
  const devices = new Map<string, SubscribedDevice>();
  return {
    subscribe(sender: string | null = null): BrowserSubscription {
      const keys = createECDH('prime256v1');
      keys.generateKeys();
      const authSecret = randomBytes(16);
      const id = randomBytes(24).toString('base64url');
      const subscription = {
        endpoint: `${origin()}/push/${id}`,
        expirationTime: null,
        keys: { p256dh: keys.getPublicKey().toString('base64url'), auth: authSecret.toString('base64url') },
      };
      devices.set(id, { id, subscription, keys, authSecret, sender, isGone: false });
      return subscription;
    },
    /** Whoever sends to it from now on is told that it is gone. */
    leave(endpoint: string): void {
      const device = devices.get(idOf(endpoint));
      if (device) device.isGone = true;
    },
    get: (id: string): SubscribedDevice | undefined => devices.get(id),
  };
}

export type Subscriptions = ReturnType<typeof openSubscriptions>;

export const idOf = (endpoint: string): string => endpoint.slice(endpoint.lastIndexOf('/') + 1);
