import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createTwilioClient } from '../../../activities/channels/twilio-client.js';
import { findSent, type SoughtText } from '../../../activities/channels/twilio-evidence.js';
import { sendTexts } from '../../../activities/channels/twilio.js';
import type { PhoneContent } from '../../../core/message/phone-message.js';
import type { SentEvidence } from '../../../core/message/twilio-evidence.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../../sandbox/twilio/twilio.js';
import { quietPhoneHabits, realTwilio, TWILIO_ACCOUNT, UTILITY_SID } from '../../harness/twilio.js';

const JANE = '+33612345678';
const OURS = '+15005550006';
const HOUR_MS = 3_600_000;
const asked = (changes: Partial<SoughtText> = {}): SoughtText => ({
  channel: 'sms',
  to: JANE,
  calledAtMs: 0,
  givenUpAtMs: 0,
  ...changes,
});
const text = (words: string): PhoneContent => ({ kind: 'text', text: words });

describe('asking Twilio for a message that may have been sent', () => {
  let sandbox: SandboxTwilio;
  /** How long ago all of it happens, by our clock. */
  let agoMs: number;
  beforeEach(async () => {
    agoMs = HOUR_MS;
    const audience = () => quietPhoneHabits({ deliveryMs: 1e12 });
    sandbox = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience, now: () => Date.now() - agoMs });
  });
  afterEach(() => sandbox.close());
  const clientAt = (baseUrl: string, secret = TWILIO_ACCOUNT.authToken) =>
    createTwilioClient({ accountSid: TWILIO_ACCOUNT.accountSid, secret, baseUrl, timeoutMs: 2_000 });

  /** Sends, and loses the answer; then asks. */
  async function sendAndAsk(content: PhoneContent, accepts: boolean): Promise<SentEvidence> {
    sandbox.misbehave({ kind: 'reset', accepts });
    const channel = content.kind === 'template' ? 'whatsapp' : 'sms';
    const calledAtMs = Date.now() - agoMs;
    const message = { token: 't1', channel, to: JANE, content } as const;
    const batch = { sender: { kind: 'number', number: OURS }, statusUrl: 'http://127.0.0.1:1/', messages: [message] } as const;
    const [outcome] = await sendTexts(clientAt(sandbox.url), batch);
    assert.equal(outcome?.kind, 'ambiguous');
    return findSent(clientAt(sandbox.url), {
      ...asked({ channel, calledAtMs, givenUpAtMs: Date.now() - agoMs }),
      ...(content.kind === 'text' && { isItsText: (seen: string) => seen === content.text }),
    });
  }

  it('finds the one that was taken, by its text, though it still waits in a queue', async () => {
    await realTwilio(sandbox.url).messages.create({ to: JANE, from: OURS, body: 'Another' });
    const told = await sendAndAsk(text('Hello “Jane” 👍'), true);
    assert.deepEqual(told, { kind: 'found', messageSid: sandbox.journal.byToken('t1')[0]?.sid, status: 'queued' });
  });

  it('finds a template that was taken, by number and time', async () => {
    const content = { kind: 'template', contentSid: UTILITY_SID, variables: { '1': 'A7' } } as const;
    const told = await sendAndAsk(content, true);
    assert.deepEqual(told.kind === 'found' && told.messageSid, sandbox.journal.byToken('t1')[0]?.sid);
  });

  it('says that it is absent when it was not taken, whatever else was sent', async () => {
    const api = realTwilio(sandbox.url);
    await api.messages.create({ to: JANE, from: OURS, body: 'Another' });
    await api.messages.create({ to: '+33699999999', from: OURS, body: 'Hello' });
    assert.deepEqual(await sendAndAsk(text('Hello'), false), { kind: 'absent' });
    agoMs = 0;
    assert.deepEqual(await sendAndAsk(text('Hello'), false), { kind: 'unclear', because: 'it may still arrive' });
  });

  it('settles every uncertain message of a batch as the journal has it', async () => {
    const faults = ([true, false] as const).flatMap((accepts) => [
      { probability: 0.08, fault: { kind: 'error', status: 500, accepts } as const },
      { probability: 0.08, fault: { kind: 'reset', accepts } as const },
    ]);
    await sandbox.close();
    sandbox = await startSandboxTwilio({ account: TWILIO_ACCOUNT, chances: { seed: 5, faults }, now: () => Date.now() - agoMs });
    const messages = Array.from({ length: 150 }, (_, n) => ({
      ...({ token: `t${n}`, channel: 'sms', to: `+3361000${1_000 + n}` } as const),
      content: text(n % 2 === 0 ? 'Hello' : `Hello ${n}`),
    }));
    const calledAtMs = Date.now() - agoMs;
    const sender = { kind: 'number', number: OURS } as const;
    const outcomes = await sendTexts(clientAt(sandbox.url), { sender, statusUrl: 'http://127.0.0.1:1/', messages });
    const uncertain = messages.filter((_, n) => outcomes[n]?.kind === 'ambiguous');
    const found = { found: 0, absent: 0, unclear: 0 };
    for (const { to, token, content } of uncertain) {
      const isItsText = (seen: string) => content.kind === 'text' && seen === content.text;
      const told = await findSent(clientAt(sandbox.url), asked({ to, calledAtMs, givenUpAtMs: Date.now() - agoMs, isItsText }));
      found[told.kind] += 1;
      const [sent] = sandbox.journal.byToken(token);
      assert.deepEqual(told.kind === 'found' ? told.messageSid : told.kind, sent?.sid ?? 'absent');
    }
    assert.ok(found.found > 5 && found.absent > 5 && found.unclear === 0, JSON.stringify(found));
    assert.equal(sandbox.journal.duplicates().size, 0);
  });

  it('leaves out those that the ledger has', async () => {
    const api = realTwilio(sandbox.url);
    const { sid } = await api.messages.create({ to: JANE, from: OURS, body: 'Hello' });
    const query = asked({ calledAtMs: Date.now() - agoMs, givenUpAtMs: Date.now() - agoMs, isItsText: (seen) => seen === 'Hello' });
    assert.equal((await findSent(clientAt(sandbox.url), query)).kind, 'found');
    const knownSids = (sids: readonly string[]) => Promise.resolve(new Set(sids.filter((one) => one === sid)));
    assert.deepEqual(await findSent(clientAt(sandbox.url), query, { knownSids }), { kind: 'absent' });
    const away = () => Promise.reject(new Error('the database is away'));
    assert.equal((await findSent(clientAt(sandbox.url), query, { knownSids: away })).kind, 'unclear');
  });

  it('reads as many pages as the time asks for, and no more', async () => {
    const api = realTwilio(sandbox.url);
    await Promise.all(Array.from({ length: 120 }, (_, n) => api.messages.create({ to: JANE, from: OURS, body: `text ${n}` })));
    const calledAtMs = Date.now() - agoMs - 10_000;
    const query = asked({ calledAtMs, givenUpAtMs: calledAtMs + 10_000, isItsText: (seen) => seen === 'text 0' });
    const told = await findSent(clientAt(sandbox.url), query);
    assert.equal(told.kind, 'found');
  });

  it('is unclear, and says no number and no key, when the list cannot be seen', async () => {
    const broken = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"messages":[{}]}'));
    const html = createServer((_, response) => response.writeHead(200).end('<html>'));
    for (const server of [broken, html]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const urlOf = (server: typeof broken) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clients = [clientAt(sandbox.url, 'wrong-secret'), clientAt('http://127.0.0.1:1'), clientAt(urlOf(broken)), clientAt(urlOf(html))];
    for (const client of clients) {
      const told = await findSent(client, asked());
      assert.ok(told.kind === 'unclear' && told.because.startsWith("Twilio's list was not seen"), JSON.stringify(told));
      assert.doesNotMatch(told.because, /33612345678|secret/);
    }
    broken.close();
    html.close();
  });

  it('stops when it is called off', async () => {
    const caller = new AbortController();
    caller.abort();
    assert.equal((await findSent(clientAt(sandbox.url), asked(), { signal: caller.signal })).kind, 'unclear');
  });
});
