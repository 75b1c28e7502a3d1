import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SendFault } from '../../sandbox/provider/faults.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { realTwilio, TWILIO_ACCOUNT } from '../harness/twilio.js';

let sandbox: SandboxTwilio;
let nowMs: number;
beforeEach(async () => {
  nowMs = Date.parse('2026-11-25T10:00:00Z');
  sandbox = await startSandboxTwilio({ account: TWILIO_ACCOUNT, webhook: { retryMs: 5 }, now: () => nowMs });
});
afterEach(() => sandbox.close());

const sms = { to: '+33612345678', from: '+15005550006', body: 'Hello' };
const send = (timeoutMs = 5_000, at: Pick<SandboxTwilio, 'url'> = sandbox): Promise<number | string> =>
  realTwilio(at.url, { timeoutMs })
    .messages.create({ ...sms, statusCallback: 'http://127.0.0.1:1/?ms_token=a' })
    .then(
      () => 201,
      (error: { status?: number; code: number | string }) => error.status ?? error.code,
    );
const accepted = () => sandbox.journal.byToken('a').length;

describe("the sandbox's Twilio at its limit", () => {
  it('refuses what is too much, and takes more when the time has come', async () => {
    sandbox.setRateLimit({ requests: 2, windowMs: 10_000 });
    assert.deepEqual([await send(), await send(), await send()], [201, 201, 429]);
    assert.equal(accepted(), 2);
    nowMs += 10_000;
    assert.equal(await send(), 201);
  });
});

describe("the faults of the sandbox's Twilio", () => {
  const cases: readonly (readonly [string, SendFault, number | string, number])[] = [
    ['429 with a time to wait', { kind: 'rate_limited', resetAfterS: 7 }, 429, 0],
    ['500 after it has accepted', { kind: 'error', status: 500, accepts: true }, 500, 1],
    ['503 before it has accepted', { kind: 'error', status: 503, accepts: false }, 503, 0],
    ['a reset before it has accepted', { kind: 'reset', accepts: false }, 'ECONNRESET', 0],
    ['a reset after it has accepted', { kind: 'reset', accepts: true }, 'ECONNRESET', 1],
    ['no answer though it has accepted', { kind: 'half_open', accepts: true }, 'ECONNABORTED', 1],
    ['no answer, and it has not accepted', { kind: 'half_open', accepts: false }, 'ECONNABORTED', 0],
    ['an answer that is slower than the sender waits', { kind: 'slow', delayMs: 60_000 }, 'ECONNABORTED', 1],
    ['an answer that is slow', { kind: 'slow', delayMs: 50 }, 201, 1],
  ];
  for (const [title, fault, code, messages] of cases) {
    it(`are ${title}`, async () => {
      sandbox.misbehave(fault);
      assert.equal(await send(300), code);
      assert.equal(accepted(), messages);
      assert.equal(await send(), 201, 'a fault comes once');
      assert.equal(accepted(), messages + 1);
      assert.equal(sandbox.requests()[0]?.accepted ?? 0, messages);
      const isDefinite = fault.kind === 'rate_limited';
      assert.equal(sandbox.requests()[0]?.unanswered ?? 0, isDefinite ? 0 : 1 - messages, 'what nobody can know is counted');
    });
  }

  it('tell how long to wait', async () => {
    sandbox.misbehave({ kind: 'rate_limited', resetAfterS: 7 });
    const { accountSid, authToken } = TWILIO_ACCOUNT;
    const response = await fetch(`${sandbox.url}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
      body: new URLSearchParams({ To: sms.to, From: sms.from, Body: sms.body }),
    });
    const { code } = (await response.json()) as { code: number };
    assert.deepEqual([response.status, response.headers.get('retry-after'), code], [429, '7', 20429]);
  });

  it('come in the order in which they were asked for, with gaps, also over HTTP', async () => {
    sandbox.misbehave({ kind: 'error', status: 500, accepts: false }, undefined);
    const faults = [{ kind: 'error', status: 502, accepts: true }];
    assert.equal((await fetch(`${sandbox.url}/sandbox/faults`, { method: 'POST', body: JSON.stringify(faults) })).status, 202);
    assert.deepEqual([await send(), await send(), await send(), await send()], [500, 201, 502, 201]);
  });

  it('do not befall a request with a wrong key, and accept nothing that is against the rules', async () => {
    sandbox.misbehave({ kind: 'error', status: 500, accepts: true });
    const refused = async (secret: string | undefined, changes: object) =>
      realTwilio(sandbox.url, secret === undefined ? {} : { secret })
        .messages.create({ ...sms, ...changes })
        .catch(({ status }: { status: number }) => status);
    assert.equal(await refused('wrong', {}), 401);
    assert.equal(await refused(undefined, { body: 'x'.repeat(1_601) }), 400);
    assert.deepEqual(sandbox.journal.all(), []);
  });

  it('come by chance, the same ones for the same seed', async () => {
    const run = async (seed: number) => {
      const faults = [
        { probability: 0.2, fault: { kind: 'error', status: 500, accepts: true } },
        { probability: 0.2, fault: { kind: 'error', status: 503, accepts: false } },
      ] as const;
      const chancy = await startSandboxTwilio({ account: TWILIO_ACCOUNT, chances: { seed, faults } });
      const statuses: (number | string)[] = [];
      for (let i = 0; i < 60; i += 1) statuses.push(await send(5_000, chancy));
      const { messages } = chancy.journal.counts();
      await chancy.close();
      return { statuses, messages };
    };
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    assert.deepEqual(first, again);
    assert.notDeepEqual(first.statuses, other.statuses);
    const count = (status: number) => first.statuses.filter((each) => each === status).length;
    assert.ok(count(500) > 3 && count(503) > 3 && count(201) > 20, JSON.stringify(first.statuses));
    assert.equal(first.messages, count(201) + count(500));
  });
});
