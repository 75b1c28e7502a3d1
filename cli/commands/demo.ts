import { randomBytes, randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { runApi } from '../../api/main.js';
import { loadConfig, projectRoot, type Config } from '../../config.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { openDatabase } from '../../db/client.js';
import { createTenant } from '../../db/queries/tenants.js';
import { cdnowCurrency, cdnowFile, cdnowLastDay, cdnowMapping } from '../../sandbox/cdnow.js';
import { startSandboxEngarde, type SandboxEngarde } from '../../sandbox/engarde.js';
import { startStack, whoRuns } from '../../sandbox/stack.js';
import { runWorker } from '../../workers/main.js';
import { importEvents } from '../import/import-events.js';
import { startProgress } from '../progress.js';
import { untilToldToStop } from '../signals.js';
import { walkAndWatch } from '../walking.js';
import { prepareServers } from './start.js';
import { printBrief } from './walk.js';

type DemoOptions = { readonly directory: string };

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('start everything, load 69,659 real purchases, walk through that audience, print the brief, stop')
    .option('--directory <path>', 'where the demo keeps everything; each demo begins anew', join(projectRoot, '.madansara', 'demo'))
    .action(async ({ directory }: DemoOptions) => {
      const wanted = resolve(directory);
      await demo(whoRuns(wanted) ? `${wanted}-${process.pid}` : wanted);
    });
}

async function demo(directory: string): Promise<void> {
  const startedMs = Date.now();
  const say = (line: string) => console.error(line);
  const stopping = new AbortController();
  void untilToldToStop().then(() => stopping.abort(new Error('stopped before the end; nothing is left running')));
  const stops: (() => Promise<unknown>)[] = [];
  // The demo is complete in itself: it looks at nothing that the environment names, and changes nothing there.
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
  try {
    say('Starting PostgreSQL and Temporal …');
    const stack = await startStack({ directory, environment, say, signal: stopping.signal, fresh: true });
    stops.push(stack.stop);
    const apiKey = `wa_${randomBytes(24).toString('hex')}`;
    const engarde = await startSandboxEngarde({ keys: [apiKey] });
    stops.push(engarde.close);
    const config = loadConfig({
      ...environment,
      ...stack.variables,
      API_PORT: '0',
      WORKER_PORT: '0',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
      ENGARDE_API_URL: engarde.url,
      WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE: apiKey,
    });
    await prepareServers(config);
    const worker = await runWorker(config);
    stops.push(worker.close);
    const api = await runApi(config);
    stops.push(api.close);
    await Promise.race([play(config, engarde, stopping.signal), stack.broken.then(fail), worker.ended.then(fail)]);
    say(`Everything took ${((Date.now() - startedMs) / 1000).toFixed(0)} s. \`npm start\` keeps the same servers running.`);
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => console.error(error));
  }
}

function fail(sentence: string): never {
  throw new Error(sentence);
}

/** What the demo shows, once everything is up. */
async function play(config: Config, engarde: SandboxEngarde, signal: AbortSignal): Promise<void> {
  const tenantId = await loadCdnow(config, signal);
  const { address, namespace } = config.temporal;
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace });
    await walkAndWatch(client, { tenantId, walkDate: cdnowLastDay, refresh: false, requestedBy: 'demo' }, signal);
  } finally {
    await connection.close();
  }
  console.error(`\nThe brief, as of the end of ${cdnowLastDay}, the last day in the data:\n`);
  await printBrief(config, tenantId, cdnowLastDay);
  const delivered = engarde.stored().length;
  console.error(`Delivered to En Garde (here a sandbox of it): ${delivered} ${delivered === 1 ? 'suggestion' : 'suggestions'}`);
}

async function loadCdnow({ databaseUrl }: Config, signal: AbortSignal): Promise<TenantId> {
  const database = openDatabase(databaseUrl, { applicationName: 'madansara-demo' });
  const progress = startProgress('Loading CDNOW', { unit: 'purchases', total: 69_659 });
  try {
    const tenantId = parseTenantId(randomUUID());
    await createTenant(database, { tenantId, name: 'CDNOW', timeZone: 'America/New_York', currency: cdnowCurrency });
    const { stored, rejected } = await importEvents(database, {
      tenantId,
      file: cdnowFile,
      mapping: cdnowMapping,
      signal,
      onProgress: ({ rows }) => progress.update(rows),
    });
    signal.throwIfAborted();
    if (rejected > 0) throw new Error(`${rejected} rows of ${cdnowFile.path} were rejected: the file is not what it was`);
    progress.done(`${stored.toLocaleString('en-US')} purchases`);
    return tenantId;
  } finally {
    progress.stop();
    await database.close();
  }
}
