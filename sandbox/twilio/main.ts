import { phoneAudienceOf, type PhoneAudienceRule } from './audience.js';
import { SANDBOX_ACCOUNT, type TwilioAccount } from './account.js';
import { startSandboxTwilio, type SandboxTwilioOptions } from './twilio.js';

/**
 * The sandbox's Twilio as its own process: `node dist/sandbox/twilio/main.js '<JSON>'`. The JSON is the options, with the audience
 * as a list of rules, and of the account only what differs. Its first line of output is JSON again: where it listens.
 */
type Settings = Omit<SandboxTwilioOptions, 'account' | 'audience' | 'now'> & {
  readonly account?: Partial<TwilioAccount>;
  readonly audience?: readonly PhoneAudienceRule[];
};

const { audience = [], account, ...options } = JSON.parse(process.argv[2] ?? '{}') as Settings;
const sandbox = await startSandboxTwilio({ ...options, account: { ...SANDBOX_ACCOUNT, ...account }, audience: phoneAudienceOf(audience) });
console.log(JSON.stringify({ url: sandbox.url }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void sandbox.close().then(() => process.exit(0));
  });
}
