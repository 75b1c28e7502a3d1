import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import pg from 'pg';
import { startPostgres } from '../../sandbox/postgres.js';
import { isAlive, waitUntil } from '../../sandbox/processes.js';
import { temporaryFolder } from '../harness/folder.js';

const folder = temporaryFolder('postgres');

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL of our own', () => {
  it('runs in a folder with spaces, whoever we are, and keeps its data', async () => {
    const directory = join(folder, 'a folder with spaces');
    const first = await startPostgres({ directory });
    await ask(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    assert.ok(!isAlive(first.pid));
    const second = await startPostgres({ directory });
    assert.deepEqual(await ask(second.url, 'select answer from kept'), [{ answer: 42 }]);
    await second.stop();
  });

  it('runs in a home that nobody else may read', async () => {
    const home = join(folder, 'closed home');
    mkdirSync(home, { mode: 0o700 });
    const server = await startPostgres({ directory: join(home, 'postgres') });
    assert.deepEqual(await ask(server.url, 'select 1 as one'), [{ one: 1 }]);
    await server.stop();
  });

  it('says in one sentence that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    after(() => other.close());
    await assert.rejects(startPostgres({ directory: join(folder, 'taken'), port }), { message: new RegExp(`^port ${port}.*taken`) });
  });

  it('takes over from a launcher that was killed, and loses nothing that was committed', async () => {
    const directory = join(folder, 'left over');
    const script = `
      import { startPostgres } from ${JSON.stringify(new URL('../../sandbox/postgres.js', import.meta.url).href)};
      const { url, pid } = await startPostgres({ directory: ${JSON.stringify(directory)} });
      console.log(JSON.stringify({ url, pid }));
      setInterval(() => undefined, 1000);`;
    const launcher = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve) => launcher.stdout.once('data', (data: Buffer) => resolve(data.toString())));
    const { url, pid } = JSON.parse(line) as { url: string; pid: number };
    await ask(url, 'create table kept as select 7 as answer');
    launcher.kill('SIGKILL');
    await new Promise((resolve) => launcher.once('exit', resolve));
    assert.ok(isAlive(pid), 'the server outlives its launcher');

    const next = await startPostgres({ directory });
    assert.ok(await waitUntil(() => !isAlive(pid), 5_000));
    assert.deepEqual(await ask(next.url, 'select answer from kept'), [{ answer: 7 }]);
    await next.stop();
  });

  it('comes back after a power cut', async () => {
    const directory = join(folder, 'power cut');
    const server = await startPostgres({ directory });
    await ask(server.url, 'create table kept as select 1 as answer');
    await server.kill();
    const again = await startPostgres({ directory });
    assert.deepEqual(await ask(again.url, 'select answer from kept'), [{ answer: 1 }]);
    await again.stop();
  });

  it('comes back although a busy session of the killed server has not noticed yet', async () => {
    const directory = join(folder, 'busy session');
    const server = await startPostgres({ directory });
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid ?? 0;
    const begun = new Promise((resolve) => client.once('notice', resolve));
    const busy = client.query("do $$ begin raise notice 'begun'; for i in 1..40000000 loop end loop; end $$").catch(() => undefined);
    await begun;
    await server.kill();
    assert.ok(isAlive(pid), 'the session outlives its server');
    const again = await startPostgres({ directory });
    assert.ok(!isAlive(pid), 'two servers never write to the same data');
    await busy;
    await again.stop();
  });
});
