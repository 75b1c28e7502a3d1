import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SendFault } from '../../sandbox/provider/faults.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { mailBody, postMail, realMailer, SENDGRID_KEY } from '../harness/sendgrid.js';

let sandbox: SandboxSendgrid;
let nowMs: number;
beforeEach(async () => {
  nowMs = Date.parse('2026-11-25T10:00:00Z');
  sandbox = await startSandboxSendgrid({ keys: [SENDGRID_KEY], rateLimit: { requests: 2, windowMs: 10_000 }, now: () => nowMs });
});
afterEach(() => sandbox.close());

const send = (timeoutMs = 5_000) =>
  realMailer(sandbox.url, { timeoutMs })
    .send({
      from: 'news@shop.example',
      subject: 's',
      text: 't',
      personalizations: [{ to: 'a@example.com', customArgs: { ms_token: 'a' } }],
    })
    .then(
      ([{ statusCode }]) => statusCode as number | string,
      (error: { code: number | string }) => error.code,
    );
const accepted = () => sandbox.journal.byToken('a').length;

describe("the sandbox's SendGrid at its limit", () => {
  it('tells of it with every answer, refuses what is too much, and takes more when the time has come', async () => {
    const headers = async () => {
      const { status, headers } = await postMail(sandbox, mailBody());
      return [status, ...['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`x-ratelimit-${name}`)))];
    };
    const reset = nowMs / 1_000 + 10;
    assert.deepEqual(await headers(), [202, 2, 1, reset]);
    assert.deepEqual(await headers(), [202, 2, 0, reset]);
    assert.deepEqual(await headers(), [429, 2, 0, reset]);
    assert.equal(sandbox.journal.counts().messages, 2);
    nowMs += 10_000;
    assert.deepEqual(await headers(), [202, 2, 1, reset + 10]);
    sandbox.setRateLimit({ requests: 1, windowMs: 1_000 });
    assert.deepEqual(await headers(), [202, 1, 0, reset + 1]);
    assert.equal((await postMail(sandbox, mailBody())).status, 429);
  });
});

describe("the faults of the sandbox's SendGrid", () => {
  const cases: readonly (readonly [string, SendFault, number | string, number])[] = [
    ['429 with a reset', { kind: 'rate_limited', resetAfterS: 7 }, 429, 0],
    ['500 after it has accepted', { kind: 'error', status: 500, accepts: true }, 500, 1],
    ['503 before it has accepted', { kind: 'error', status: 503, accepts: false }, 503, 0],
    ['a reset before it has accepted', { kind: 'reset', accepts: false }, 'ECONNRESET', 0],
    ['a reset after it has accepted', { kind: 'reset', accepts: true }, 'ECONNRESET', 1],
    ['no answer though it has accepted', { kind: 'half_open', accepts: true }, 'ECONNABORTED', 1],
    ['no answer, and it has not accepted', { kind: 'half_open', accepts: false }, 'ECONNABORTED', 0],
    ['an answer that is slower than the sender waits', { kind: 'slow', delayMs: 60_000 }, 'ECONNABORTED', 1],
    ['an answer that is slow', { kind: 'slow', delayMs: 50 }, 202, 1],
  ];
  for (const [title, fault, code, messages] of cases) {
    it(`are ${title}`, async () => {
      sandbox.misbehave(fault);
      assert.equal(await send(300), code);
      assert.equal(accepted(), messages);
      assert.equal(await send(), 202, 'a fault comes once');
      assert.equal(accepted(), messages + 1);
      assert.equal(sandbox.requests()[0]?.accepted ?? 0, messages);
      const isDefinite = fault.kind === 'rate_limited';
      assert.equal(sandbox.requests()[0]?.unanswered ?? 0, isDefinite ? 0 : 1 - messages, 'what nobody can know is counted');
    });
  }

  it('come in the order in which they were asked for, with gaps, also over HTTP', async () => {
    sandbox.setRateLimit({ requests: 100, windowMs: 1_000 });
    sandbox.misbehave({ kind: 'error', status: 500, accepts: false }, undefined, { kind: 'rate_limited', resetAfterS: 7 });
    const faults = [{ kind: 'error', status: 502, accepts: true }];
    assert.equal((await fetch(`${sandbox.url}/sandbox/faults`, { method: 'POST', body: JSON.stringify(faults) })).status, 202);
    assert.equal(await send(), 500);
    assert.equal(await send(), 202);
    const { status, headers } = await postMail(sandbox, mailBody());
    assert.deepEqual([status, headers.get('x-ratelimit-reset')], [429, String(nowMs / 1_000 + 7)]);
    assert.equal(await send(), 502);
    assert.equal(await send(), 202);
  });

  it('do not befall a request with a wrong key, and accept nothing that is against the rules', async () => {
    sandbox.misbehave({ kind: 'error', status: 500, accepts: true });
    assert.equal((await postMail(sandbox, mailBody(), { key: 'SG.other' })).status, 401);
    assert.equal((await postMail(sandbox, mailBody({ subject: '' }))).status, 400);
    assert.deepEqual(sandbox.journal.all(), []);
  });

  it('come by chance, the same ones for the same seed', async () => {
    const run = async (seed: number) => {
      const faults = [
        { probability: 0.2, fault: { kind: 'error', status: 500, accepts: true } },
        { probability: 0.2, fault: { kind: 'error', status: 503, accepts: false } },
      ] as const;
      const chancy = await startSandboxSendgrid({ keys: [SENDGRID_KEY], chances: { seed, faults } });
      const statuses: number[] = [];
      for (let i = 0; i < 60; i += 1) statuses.push((await postMail(chancy, mailBody())).status);
      const messages = chancy.journal.counts().messages;
      await chancy.close();
      return { statuses, messages };
    };
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    assert.deepEqual(first, again);
    assert.notDeepEqual(first.statuses, other.statuses);
    const count = (status: number) => first.statuses.filter((each) => each === status).length;
    assert.ok(count(500) > 3 && count(503) > 3 && count(202) > 20, JSON.stringify(first.statuses));
    assert.equal(first.messages, count(202) + count(500));
  });
});
