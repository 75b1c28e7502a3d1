import { sendStep, type StepSent } from '../../activities/sending/send-step.js';
import { openDatabase } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { TenantName } from './people.js';
import { PROVIDERS } from './providers/all.js';
import { sendFirst } from './send-first.js';

/** The program of a worker that sends steps as it is told, one after the other, until it is killed. */
export type WorkerSettings = {
  readonly databaseUrl: string;
  /** Of the providers, by their names. */
  readonly urls: Readonly<Record<string, string>>;
  /** Where providers tell us what becomes of messages. */
  readonly receiverUrl: string;
  readonly ledgerKey: string;
  readonly sendFirst: boolean;
  /** How far the campaign's clock is ahead. */
  readonly aheadMs: number;
};
export type WorkerTask = { readonly id: number; readonly tenant: TenantName; readonly step: StepOfBatch };
export type WorkerReport = { readonly id: number; readonly sent?: StepSent; readonly error?: string };

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const { receiverUrl, aheadMs } = settings;
const database = openDatabase(settings.databaseUrl, { applicationName: 'bench-sender', onIdleError: () => undefined });
const ledgerKey = Buffer.from(settings.ledgerKey, 'base64');
const now = () => new Date(Date.now() + aheadMs);
const connected = PROVIDERS.map((provider) => {
  const { channels, sendBare } = provider.connect({ url: settings.urls[provider.name] ?? '', receiverUrl, ledgerKey, database });
  return { ...provider, channels, sendBare };
});

function send({ tenant, step }: WorkerTask): Promise<StepSent> {
  const own = connected.filter((provider) => provider.tenant === tenant);
  if (!settings.sendFirst) {
    const channels = Object.assign({}, ...own.map((provider) => provider.channels)) as (typeof connected)[number]['channels'];
    return sendStep({ database, ledgerKey, now, channels }, step);
  }
  const provider = own.find(({ channels }) => step.channel in channels);
  if (!provider) throw new Error(`nothing goes over ${step.channel} here`);
  return sendFirst({ database, ledgerKey, sendBare: provider.sendBare }, step);
}

process.on('message', (task: WorkerTask) => {
  const { id } = task;
  void send(task).then(
    (sent) => process.send?.({ id, sent } satisfies WorkerReport),
    (error: unknown) => process.send?.({ id, error: String(error) } satisfies WorkerReport),
  );
});
process.on('disconnect', () => process.exit(0));
