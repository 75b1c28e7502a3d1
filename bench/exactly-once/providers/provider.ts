import type { Channels } from '../../../activities/sending/send-step.js';
import type { TenantId } from '../../../core/ids.js';
import type { SendOutcome } from '../../../core/message/send-outcome.js';
import type { Database } from '../../../db/client.js';
import type { TestDatabase } from '../../../test/harness/database.js';
import type { Channel, TenantName } from '../people.js';
import type { ReceiverSettings } from '../webhook-receiver.js';

/**
 * Who takes messages: what stands for them beside the workers, and how the workers reach it. Another channel is another provider in the
 * list (`all.ts`), and steps of people that go over it (`people.ts`).
 */
export type Provider = {
  readonly name: string;
  readonly tenant: TenantName;
  readonly ways: readonly Way[];
  /** More of its messages than that must not be left uncertain by a kill. */
  readonly uncertainPerKill: number;
  readonly start: (place: ProviderPlace) => Promise<RunningProvider>;
  /** In a worker. */
  readonly connect: (link: ProviderLink) => Connected;
};

/** What results call the messages of one channel over one provider. */
export type Way = { readonly name: string; readonly channel: Channel };

export type ProviderPlace = {
  readonly directory: string;
  readonly receiverUrl: string;
  readonly database: TestDatabase;
  readonly tenantId: TenantId;
  /** How far the campaign's clock is ahead of the machine's. */
  readonly aheadMs: number;
};

export type RunningProvider = {
  readonly url: string;
  /** What the receiver of webhooks must know of it. */
  readonly receiver?: Partial<ReceiverSettings>;
  readonly told: () => Promise<Told>;
  /** All that it has taken, from its journal. */
  readonly taken: () => Promise<readonly Taken[]>;
  readonly stop: () => Promise<void>;
};

/** How many events a provider still has to post, and how many messages it was made to leave unanswered, so that nobody will ever know. */
export type Told = { readonly pending: number; readonly unanswered: number };

/** A message that was taken, and when, by the clock of the machine. */
export type Taken = { readonly messageId: number; readonly channel: Channel; readonly atMs: number };

export type ProviderLink = {
  readonly url: string;
  /** Where providers tell us what becomes of messages. */
  readonly receiverUrl: string;
  readonly ledgerKey: Buffer;
  readonly database: Database;
};

export type Connected = {
  /** How the product sends. */
  readonly channels: Channels;
  /** How those send who keep no ledger: all at once, and then what became of each. */
  readonly sendBare: (channel: Channel, messages: readonly BareMessage[]) => Promise<readonly SendOutcome[]>;
};

export type BareMessage = {
  readonly tenantId: TenantId;
  readonly messageId: number;
  readonly stepKey: number;
  readonly token: string;
  readonly userId: string;
  readonly address: string;
};

/** For a request to any of them. */
export const TIMEOUT_MS = 3_000;
/** What a template takes for one message. */
export const RENDERING_MS = 0.2;
