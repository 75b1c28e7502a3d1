import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SANDBOX_APP } from './meta/accounts.js';
import { startSandboxMeta, type SandboxMeta } from './meta/meta.js';
import { startSandboxSendgrid, type SandboxSendgrid, type SendgridOptions } from './sendgrid/sendgrid.js';
import { startSandboxPush, type SandboxPush } from './push/push.js';
import { SANDBOX_ACCOUNT } from './twilio/account.js';
import { startSandboxTwilio, type SandboxTwilio } from './twilio/twilio.js';

/** What a laptop sends to in place of the real providers, and the variables by which the product finds them. */
export type SandboxProviders = {
  readonly sendgrid: SandboxSendgrid;
  readonly twilio: SandboxTwilio;
  readonly meta: SandboxMeta;
  readonly push: SandboxPush;
  readonly variables: Readonly<Record<string, string>>;
  /** From now on providers tell the API at this address what becomes of messages. */
  callBack(apiUrl: string): void;
  stop(): Promise<void>;
};

type Secrets = {
  readonly ledgerKey: string;
  readonly sendgridKey: string;
  readonly webhookKey: string;
  readonly inboundSecret: string;
  readonly twilioToken: string;
  readonly metaSecret: string;
  readonly vapidKey: string;
};

const PUBLIC_URL = 'https://madansara.localhost';

/**
 * Starts the sandbox's providers in this process. What was sent is in `sendgrid.ndjson`, `twilio.ndjson`, `meta.ndjson` and `push.ndjson` of
 * the folder's `outbox`, and keys stay the same over a restart.
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
  const { speed, seed } = options;
  const twilio = await startSandboxTwilio({
    ...(speed !== undefined && { speed }),
    ...(seed !== undefined && { seed }),
    account: { ...SANDBOX_ACCOUNT, authToken: secrets.twilioToken },
    journal: { path: join(directory, 'outbox', 'twilio.ndjson') },
    webhook: { inboundUrl: `${PUBLIC_URL}/v1/webhooks/twilio/inbound` },
  });
  const push = await startSandboxPush({ journal: { path: join(directory, 'outbox', 'push.ndjson') } });
  const meta = await startSandboxMeta({
    ...(speed !== undefined && { speed }),
    ...(seed !== undefined && { seed }),
    app: { ...SANDBOX_APP, appSecret: secrets.metaSecret },
    journal: { path: join(directory, 'outbox', 'meta.ndjson') },
  });
  return {
    sendgrid,
    twilio,
    meta,
    push,
    variables: {
      PUBLIC_URL,
      LEDGER_KEY: secrets.ledgerKey,
      SENDGRID_API_KEY: secrets.sendgridKey,
      SENDGRID_API_URL: sendgrid.url,
      SENDGRID_WEBHOOK_KEY: sendgrid.webhook.publicKey,
      SENDGRID_INBOUND_SECRET: secrets.inboundSecret,
      TWILIO_ACCOUNT_SID: SANDBOX_ACCOUNT.accountSid,
      TWILIO_AUTH_TOKEN: secrets.twilioToken,
      TWILIO_API_URL: twilio.url,
      META_APP_SECRET: secrets.metaSecret,
      META_VERIFY_TOKEN: SANDBOX_APP.verifyToken,
      META_API_URL: meta.url,
      VAPID_PRIVATE_KEY: secrets.vapidKey,
      VAPID_SUBJECT: 'mailto:push@madansara.example',
      PUSH_SERVICE_URL: push.url,
      PUSH_SERVICE_CERTIFICATE: Buffer.from(push.certificate).toString('base64'),
    },
    callBack(apiUrl) {
      sendgrid.webhook.setUrl(`${apiUrl}/v1/webhooks/sendgrid`);
      sendgrid.inbound.setUrl(`${apiUrl}/v1/webhooks/sendgrid/inbound/${secrets.inboundSecret}`);
      twilio.webhook.setProxy({ from: PUBLIC_URL, to: apiUrl });
      meta.webhook.setProxy({ from: PUBLIC_URL, to: apiUrl });
      meta.webhook.setUrl(`${apiUrl}/v1/webhooks/meta`);
    },
    async stop() {
      await push.close();
      await meta.close();
      await twilio.close();
      await sendgrid.close();
    },
  };
}

function keepSecrets(path: string): Secrets {
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>) : {};
  const secrets = { ...makeSecrets(), ...kept };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

function makeSecrets(): Secrets {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    ledgerKey: randomBytes(32).toString('base64'),
    sendgridKey: `SG.${randomBytes(16).toString('hex')}.${randomBytes(32).toString('hex')}`,
    webhookKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    inboundSecret: randomBytes(24).toString('hex'),
    twilioToken: randomBytes(16).toString('hex'),
    metaSecret: randomBytes(16).toString('hex'),
    vapidKey: makeVapidKey(),
  };
}

/** A private key of P-256, whole: one that begins with a zero is given shorter. */
function makeVapidKey(): string {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString('base64url');
}
