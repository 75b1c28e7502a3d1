import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.js';
import type { TenantId } from '../core/ids.js';
import { openDatabase, type Database } from '../db/client.js';
import { createApiKey } from '../db/queries/api-keys.js';
import { inventContacts } from '../sandbox/invented-contacts.js';
import { putEmailSender } from '../db/queries/email-senders.js';
import { campaignText } from './campaigns.js';
import { startProgress } from './progress.js';

/** Of a message of the demo's campaign: a day passes in two seconds and a half. */
export const DEMO_CLOCK_SPEED = 86_400 / 2.5;

export type DemoStage = { readonly config: Config; readonly apiUrl: string; readonly tenantId: TenantId; readonly signal: AbortSignal };

/** Gives the people of CDNOW what a walk needs to plan campaigns for them: addresses, and somebody in whose name mails go out. */
export async function inventPeople({ databaseUrl }: Config, tenantId: TenantId): Promise<void> {
  const database = openDatabase(databaseUrl, { applicationName: 'madansara-demo' });
  try {
    const invented = await inventContacts(database, tenantId);
    console.error(`CDNOW has no addresses: the sandbox invents ${invented.toLocaleString('en-US')} contacts, with names and consents.`);
    await database.withTenant(tenantId, (tx) => putEmailSender(tx, tenantId, SENDER, new Date()));
  } finally {
    await database.close();
  }
}

/** A person accepts a suggestion; its campaign goes through its days in seconds, against the sandbox, by the product's own API. */
export async function playCampaign({ config, apiUrl, tenantId, signal }: DemoStage): Promise<void> {
  const database = openDatabase(config.databaseUrl, { applicationName: 'madansara-demo' });
  try {
    const ask = await signIn(database, { apiUrl, tenantId, signal });
    console.error('');
    const campaignId = await acceptSuggestion(ask);
    await ask('POST', `/v1/campaigns/${campaignId}/launch`);
    await watch(ask, campaignId, signal);
    for (const line of await campaignText(database, tenantId, campaignId)) console.error(line);
  } finally {
    await database.close();
  }
}

const SENDER = {
  fromEmail: 'news@cdnow.invalid',
  fromName: 'CDNOW',
  replyTo: null,
  brandName: 'CDNOW',
  brandUrl: 'https://cdnow.invalid',
  postalAddress: '1 Sandbox Lane, Fort Washington, PA 19034, USA',
};

type Ask = <T>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<T>;

/** What asks the API as En Garde's backend would. */
async function signIn(database: Database, { apiUrl, tenantId, signal }: Omit<DemoStage, 'config'>): Promise<Ask> {
  const scopes = ['read', 'suggestions:respond', 'campaigns:write'] as const;
  const { key } = await createApiKey(database, tenantId, { name: 'demo', scopes });
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  };
}

type Action = { readonly action_type: string; readonly channel?: string; readonly frequency?: string; readonly offer?: object };
type Suggested = {
  readonly suggestion_id: string;
  readonly payload: { readonly title: string; readonly recommended_actions: readonly Action[] };
};
type Taken = {
  readonly outcome: { readonly actions?: readonly { readonly kind: string; readonly reference?: string; readonly note?: string }[] };
};

/** Executes the first suggestion by name that recommends a series of mails, and gives the draft that came of it. */
async function acceptSuggestion(ask: Ask): Promise<string> {
  const { items } = await ask<{ readonly items: readonly Suggested[] }>('GET', '/v1/suggestions');
  // An offer ends after some days, which a busy machine may not manage at this pace.
  const isSeries = ({ action_type, channel, frequency, offer }: Action) =>
    action_type === 'create_campaign' && channel === 'email' && frequency === undefined && offer === undefined;
  const named = [...items].sort((a, b) => (a.payload.title < b.payload.title ? -1 : 1));
  const suggestion = named.find(
    ({
      payload: {
        recommended_actions: [first],
      },
    }) => first !== undefined && isSeries(first),
  );
  if (!suggestion) throw new Error('the walk has suggested no campaign of mails');
  console.error(`Executing: ${suggestion.payload.title}`);
  const { outcome } = await ask<Taken>('POST', `/v1/suggestions/${suggestion.suggestion_id}/responses`, { action: 'execute' });
  const started = outcome.actions?.find(({ kind }) => kind === 'started');
  if (started?.reference === undefined) throw new Error(`no campaign came of it: ${JSON.stringify(outcome)}`);
  console.error(`It became ${started.reference}: ${started.note ?? ''}`);
  return started.reference;
}

type Shown = { readonly status: string; readonly recipients: number | null; readonly counts: { readonly sent: number } };

async function watch(ask: Ask, campaignId: string, signal: AbortSignal): Promise<void> {
  const progress = startProgress('Sending, a day in 2.5 seconds', { unit: 'messages' });
  try {
    for (;;) {
      const { status, counts } = await ask<Shown>('GET', `/v1/campaigns/${campaignId}`);
      progress.update(counts.sent);
      if (status === 'finished') return progress.done(`${counts.sent.toLocaleString('en-US')} messages`);
      await sleep(250, undefined, { signal });
    }
  } finally {
    progress.stop();
  }
}
