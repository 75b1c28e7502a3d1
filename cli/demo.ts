import { randomBytes, randomUUID } from 'node:crypto';
import { runApi } from '../api/main.js';
import { loadConfig, type Config } from '../config.js';
import { parseTenantId, type TenantId } from '../core/ids.js';
import { openDatabase } from '../db/client.js';
import { createTenant } from '../db/queries/tenants.js';
import { cdnowCurrency, cdnowFile, cdnowLastDay, cdnowMapping } from '../sandbox/cdnow.js';
import { startSandboxEngarde, type SandboxEngarde } from '../sandbox/engarde.js';
import { startProviders } from '../sandbox/providers.js';
import { startStack, whoRuns } from '../sandbox/stack.js';
import { runWorker } from '../workers/main.js';
import { DEMO_CLOCK_SPEED, inventPeople, playCampaign } from './demo-campaign.js';
import { importEvents } from './import/import-events.js';
import { startProgress } from './progress.js';
import { untilToldToStop } from './signals.js';
import { prepareServers, withTemporal } from './temporal.js';
import { printBrief, walkAndWatch } from './walking.js';

/** Everything in one go, in a folder of its own: for people who have a minute. */
export async function demo(wanted: string): Promise<void> {
  const directory = whoRuns(wanted) ? `${wanted}-${process.pid}` : wanted; // two at once do not meet
  const startedMs = Date.now();
  const say = (line: string) => console.error(line);
  const stopping = new AbortController();
  void untilToldToStop().then(() => stopping.abort(new Error('stopped before the end; nothing is left running')));
  const stops: (() => Promise<unknown>)[] = [];
  let scenes: Promise<void> = Promise.resolve();
  // The demo is complete in itself: it looks at nothing that the environment names, and changes nothing there.
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
  try {
    say('Starting PostgreSQL and Temporal …');
    const stack = await startStack({ directory, environment, say, signal: stopping.signal, fresh: true });
    stops.push(stack.stop);
    const apiKey = `wa_${randomBytes(24).toString('hex')}`;
    const engarde = await startSandboxEngarde({ keys: [apiKey] });
    stops.push(engarde.close);
    const providers = await startProviders(directory, { speed: DEMO_CLOCK_SPEED });
    stops.push(providers.stop);
    const config = loadConfig({
      ...environment,
      ...stack.variables,
      ...providers.variables,
      CLOCK_SPEED: String(DEMO_CLOCK_SPEED),
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
    providers.callBack(api.url);
    scenes = play({ config, engarde, apiUrl: api.url, signal: stopping.signal });
    await Promise.race([scenes, stack.broken.then(fail), worker.ended.then(fail)]);
    say(`Everything took ${((Date.now() - startedMs) / 1000).toFixed(0)} s. \`npm start\` keeps the same servers running.`);
  } finally {
    stopping.abort(new Error('the demo is over'));
    await scenes.catch(() => undefined); // nobody is left who would ask a server that is gone
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => console.error(error));
  }
}

function fail(sentence: string): never {
  throw new Error(sentence);
}

type Stage = { readonly config: Config; readonly engarde: SandboxEngarde; readonly apiUrl: string; readonly signal: AbortSignal };

/** What the demo shows, once everything is up. */
async function play({ config, engarde, apiUrl, signal }: Stage): Promise<void> {
  const tenantId = await loadCdnow(config, signal);
  await inventPeople(config, tenantId);
  const walk = { tenantId, walkDate: cdnowLastDay, refresh: false, requestedBy: 'demo' };
  await withTemporal(config, (client) => walkAndWatch(client, walk, signal));
  console.error(`\nThe brief, as of the end of ${cdnowLastDay}, the last day in the data:\n`);
  await printBrief(config, tenantId, cdnowLastDay);
  const delivered = engarde.stored().length;
  console.error(`Delivered to En Garde (here a sandbox of it): ${delivered} ${delivered === 1 ? 'suggestion' : 'suggestions'}`);
  await playCampaign({ config, apiUrl, tenantId, signal });
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
