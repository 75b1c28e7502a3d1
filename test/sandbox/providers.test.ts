import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createTwilioClient } from '../../activities/channels/twilio-client.js';
import { sendTexts } from '../../activities/channels/twilio.js';
import { loadConfig } from '../../config.js';
import { readTwilioForm } from '../../core/message/twilio-form.js';
import { verifyTwilioSignature } from '../../core/message/twilio-signature.js';
import { startProviders } from '../../sandbox/providers.js';
import { readBody } from '../../sandbox/provider/http.js';
import { waitUntil } from '../../sandbox/processes.js';
import { temporaryFolder } from '../harness/folder.js';

const DATABASE_URL = 'postgresql://x@localhost/x';

describe("the sandbox's providers", () => {
  it('are found by the variables that they give, and call the API that stands behind its public address', async (t) => {
    const folder = temporaryFolder('providers');
    const told: { readonly path: string; readonly isGenuine: boolean }[] = [];
    const providers = await startProviders(folder, { speed: 1_000_000 });
    t.after(() => providers.stop());
    const { sending } = loadConfig({ DATABASE_URL, ...providers.variables });
    assert.ok(sending?.twilio);
    const { publicUrl, twilio } = sending;
    const api = createServer((request, response) => {
      void readBody(request, 100_000).then((body) => {
        const form = readTwilioForm(body ?? Buffer.alloc(0));
        const url = publicUrl + (request.url ?? '');
        const isGenuine = form !== undefined && verifyTwilioSignature(twilio.authToken, request.headers['x-twilio-signature'], url, form);
        told.push({ path: (request.url ?? '').split('?')[0] ?? '', isGenuine });
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    t.after(() => api.close());
    providers.callBack(`http://127.0.0.1:${(api.address() as AddressInfo).port}`);

    const client = createTwilioClient({
      accountSid: twilio.accountSid,
      secret: twilio.authToken,
      baseUrl: twilio.apiUrl,
      timeoutMs: 5_000,
    });
    const message = { token: 't1', channel: 'sms', to: '+33612345678', content: { kind: 'text', text: 'Hello' } } as const;
    const batch = { sender: { kind: 'number', number: '+15005550006' }, statusUrl: `${publicUrl}/status`, messages: [message] } as const;
    assert.equal((await sendTexts(client, batch))[0]?.kind, 'accepted');
    providers.twilio.receive({ from: '+33612345678', to: '+15005550006', body: 'Hi' });
    const paths = () => new Set(told.map(({ path }) => path));
    assert.ok(await waitUntil(() => Promise.resolve(paths().has('/status') && paths().has('/v1/webhooks/twilio/inbound')), 10_000, 20));
    assert.ok(told.every(({ isGenuine }) => isGenuine));
    assert.match(readFileSync(join(folder, 'outbox', 'twilio.ndjson'), 'utf8'), /"body":"Hello"/);
  });

  it('keep the keys that they had before a restart, and before there was Twilio', async () => {
    const folder = temporaryFolder('providers-keys');
    const variables = async () => {
      const providers = await startProviders(folder);
      await providers.stop();
      const {
        SENDGRID_API_URL: _,
        TWILIO_API_URL: __,
        META_API_URL: ___,
        PUSH_SERVICE_URL: ____,
        PUSH_SERVICE_CERTIFICATE: _____,
        ...kept
      } = providers.variables;
      return kept;
    };
    const first = await variables();
    assert.deepEqual(await variables(), first);
    const path = join(folder, 'providers.json');
    const { twilioToken: _, ...older } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
    writeFileSync(path, JSON.stringify(older));
    const { TWILIO_AUTH_TOKEN: token, ...others } = await variables();
    const { TWILIO_AUTH_TOKEN: lost, ...same } = first;
    assert.deepEqual(others, same);
    assert.notEqual(token, lost);
  });
});
