import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startSandboxSendgrid, type SandboxSendgrid, type SendgridOptions } from './sendgrid/sendgrid.js';

/** What a laptop sends to in place of the real providers, and the variables by which the product finds them. */
export type SandboxProviders = {
  readonly sendgrid: SandboxSendgrid;
  readonly variables: Readonly<Record<string, string>>;
  /** From now on providers tell the API at this address what becomes of messages. */
  callBack(apiUrl: string): void;
  stop(): Promise<void>;
};

type Secrets = { readonly ledgerKey: string; readonly sendgridKey: string; readonly webhookKey: string };

/**
 * Starts the sandbox's providers in this process. What was sent is in `outbox/sendgrid.ndjson` of the folder, and keys stay the same
 * over a restart.
 */
export async function startProviders(
  directory: string,
  options: Pick<SendgridOptions, 'audience' | 'speed' | 'seed'> = {},
): Promise<SandboxProviders> {
  const secrets = keepSecrets(join(directory, 'providers.json'));
  const sendgrid = await startSandboxSendgrid({
    ...options,
    keys: [secrets.sendgridKey],
    webhookKey: secrets.webhookKey,
    journal: { path: join(directory, 'outbox', 'sendgrid.ndjson') },
  });
  return {
    sendgrid,
    variables: {
      PUBLIC_URL: 'https://madansara.localhost',
      LEDGER_KEY: secrets.ledgerKey,
      SENDGRID_API_KEY: secrets.sendgridKey,
      SENDGRID_API_URL: sendgrid.url,
      SENDGRID_WEBHOOK_KEY: sendgrid.webhook.publicKey,
    },
    callBack: (apiUrl) => sendgrid.webhook.setUrl(`${apiUrl}/v1/webhooks/sendgrid`),
    stop: () => sendgrid.close(),
  };
}

function keepSecrets(path: string): Secrets {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const secrets: Secrets = {
    ledgerKey: randomBytes(32).toString('base64'),
    sendgridKey: `SG.${randomBytes(16).toString('hex')}.${randomBytes(32).toString('hex')}`,
    webhookKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}
