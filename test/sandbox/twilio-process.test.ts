import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { projectRoot } from '../../config.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import { readJournal } from '../../sandbox/twilio/journal.js';
import { temporaryFolder } from '../harness/folder.js';

/** The sandbox as its own process, and the line in which it tells where it is. */
async function startProcess(options: unknown): Promise<{ child: ChildProcess; url: string }> {
  const main = join(projectRoot, 'dist', 'sandbox', 'twilio', 'main.js');
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, ...(JSON.parse(line) as { url: string }) };
  throw new Error('the sandbox ended before it said where it is');
}

const PATH = `/2010-04-01/Accounts/${SANDBOX_ACCOUNT.accountSid}/Messages.json`;
const authorization = `Basic ${Buffer.from(`${SANDBOX_ACCOUNT.accountSid}:${SANDBOX_ACCOUNT.authToken}`).toString('base64')}`;
const [OURS = ''] = SANDBOX_ACCOUNT.smsNumbers;
const post = (url: string, From = OURS) =>
  fetch(url + PATH, {
    method: 'POST',
    headers: { Authorization: authorization },
    body: new URLSearchParams({ To: '+33612345678', From, Body: 'x', StatusCallback: 'http://127.0.0.1:1/?ms_token=t' }),
  });

/** Sends one message after the other until it is killed, and says which were answered with 201. */
const SENDER = `
const [url, from, authorization] = process.argv.slice(1);
for (let n = 0; ; n += 1) {
  const body = new URLSearchParams({ To: '+33612345678', From: from, Body: 'x', StatusCallback: 'http://127.0.0.1:1/?ms_token=t' + n });
  const { status } = await fetch(url, { method: 'POST', headers: { Authorization: authorization }, body });
  if (status === 201) process.stdout.write('t' + n + '\\n');
}`;

describe("the sandbox's Twilio as its own process", () => {
  it('has in its journal whatever a sender was told, though the sender and then it are killed', async () => {
    const path = join(temporaryFolder('twilio'), 'journal.ndjson');
    const { child, url } = await startProcess({ journal: { path, fsync: true }, audience: [{ numberHas: '', stopped: 0 }] });
    const sender = spawn(process.execPath, ['--input-type=module', '-e', SENDER, url + PATH, OURS, authorization], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const told: string[] = [];
    for await (const line of createInterface({ input: sender.stdout })) {
      told.push(line);
      if (told.length === 50) sender.kill('SIGKILL');
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const tokens = readJournal(path).map(({ token }) => token ?? '');
    assert.ok(told.length >= 50 && told.every((token) => tokens.includes(token)));
    assert.equal(new Set(tokens).size, tokens.length);
    assert.ok(tokens.length - told.length <= 1 + 50, `${tokens.length} in the journal, ${told.length} told`);
    appendFileSync(path, '{"at":"2026-11-2');
    assert.equal(readJournal(path).length, tokens.length, 'a line that was cut off was never answered');
  });

  it('takes its account, faults, limit and audience as JSON, and goes on with its journal after a restart', async () => {
    const path = join(temporaryFolder('twilio'), 'deep', 'journal.ndjson');
    const faults = [{ probability: 1, fault: { kind: 'error', status: 500, accepts: true } }];
    const options = {
      account: { smsNumbers: ['+15005550123'] },
      journal: { path, keepsBodies: false },
      rateLimit: { requests: 1, windowMs: 60_000 },
      chances: { seed: 1, faults },
      audience: [],
    };
    for (const run of [1, 2]) {
      const { child, url } = await startProcess(options);
      assert.deepEqual([(await post(url, '+15005550123')).status, (await post(url, '+15005550123')).status], [500, 429]);
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.equal(readJournal(path).length, run);
    }
    assert.deepEqual([readJournal(path)[0]?.body, readJournal(path)[0]?.token], ['', 't']);
  });
});
