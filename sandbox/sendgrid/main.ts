import { audienceOf, type AudienceRule } from './audience.js';
import { startSandboxSendgrid, type SendgridOptions } from './sendgrid.js';

/**
 * The sandbox's SendGrid as its own process: `node dist/sandbox/sendgrid/main.js '<JSON>'`. The JSON is the options, with the
 * audience as a list of rules. Its first line of output is JSON again: where it listens, and the webhook's public key.
 */
type Settings = Omit<SendgridOptions, 'keys' | 'audience' | 'now'> & {
  readonly keys?: readonly string[];
  readonly audience?: readonly AudienceRule[];
};

const { audience = [], keys = ['SG.sandbox'], ...options } = JSON.parse(process.argv[2] ?? '{}') as Settings;
const sandbox = await startSandboxSendgrid({ ...options, keys, audience: audienceOf(audience) });
console.log(JSON.stringify({ url: sandbox.url, publicKey: sandbox.webhook.publicKey }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void sandbox.close().then(() => process.exit(0));
  });
}
