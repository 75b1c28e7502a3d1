import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { projectRoot } from '../../config.js';
import { readJournal } from '../../sandbox/sendgrid/journal.js';
import { mailBody, postMail } from '../harness/sendgrid.js';
import { temporaryFolder } from '../harness/folder.js';

/** The sandbox as its own process, and the line in which it tells where it is. */
async function startProcess(options: unknown): Promise<{ child: ChildProcess; url: string; publicKey: string }> {
  const main = join(projectRoot, 'dist', 'sandbox', 'sendgrid', 'main.js');
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout }))
    return { child, ...(JSON.parse(line) as { url: string; publicKey: string }) };
  throw new Error('the sandbox ended before it said where it is');
}

/** Sends one mail after the other until it is killed, and says which were answered with 202. */
const SENDER = `
const [url] = process.argv.slice(1);
const body = (n) => JSON.stringify({
  personalizations: [{ to: [{ email: 'a@example.com' }], custom_args: { ms_token: 't' + n } }],
  from: { email: 'b@example.com' }, subject: 's', content: [{ type: 'text/plain', value: 'x' }],
});
const headers = { Authorization: 'Bearer SG.sandbox' };
for (let n = 0; ; n += 1) {
  const { status } = await fetch(url + '/v3/mail/send', { method: 'POST', headers, body: body(n) });
  if (status === 202) process.stdout.write('t' + n + '\\n');
}`;

describe("the sandbox's SendGrid as its own process", () => {
  it('has in its journal whatever a sender was told, though the sender and then it are killed', async () => {
    const path = join(temporaryFolder('sendgrid'), 'journal.ndjson');
    const { child, url } = await startProcess({ journal: { path, fsync: true } });
    const sender = spawn(process.execPath, ['--input-type=module', '-e', SENDER, url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const told: string[] = [];
    for await (const line of createInterface({ input: sender.stdout })) {
      told.push(line);
      if (told.length === 50) sender.kill('SIGKILL');
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const tokens = readJournal(path).map(({ custom_args }) => custom_args['ms_token']);
    assert.ok(told.length >= 50 && told.every((token) => tokens.includes(token)));
    assert.equal(new Set(tokens).size, tokens.length);
    assert.ok(tokens.length - told.length <= 1 + 50, `${tokens.length} in the journal, ${told.length} told`);
    appendFileSync(path, '{"at":"2026-11-2');
    assert.equal(readJournal(path).length, tokens.length, 'a line that was cut off was never answered');
  });

  it('takes its faults, limit and audience as JSON, and goes on with its journal after a restart', async () => {
    const path = join(temporaryFolder('sendgrid'), 'deep', 'journal.ndjson');
    const faults = [{ probability: 1, fault: { kind: 'error', status: 500, accepts: true } }];
    const options = {
      keys: ['SG.mine'],
      journal: { path, keepsBodies: false },
      rateLimit: { requests: 1, windowMs: 60_000 },
      chances: { seed: 1, faults },
      audience: [],
    };
    for (const run of [1, 2]) {
      const { child, url, publicKey } = await startProcess(options);
      assert.match(publicKey, /^MFkw/);
      assert.equal((await postMail({ url }, mailBody(), { key: 'SG.mine' })).status, 500);
      assert.equal((await postMail({ url }, mailBody(), { key: 'SG.mine' })).status, 429);
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.equal(readJournal(path).length, run);
    }
    assert.deepEqual(readJournal(path)[0]?.content, {});
  });

  it('signs with the key that it is given', async () => {
    const webhookKey =
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G';
    const keys: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      const { child, publicKey } = await startProcess({ webhookKey });
      keys.push(publicKey);
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    assert.equal(keys[0], keys[1]);
  });
});
