import { runApi } from '../api/main.js';
import { loadConfig, type Config } from '../config.js';
import { writePidFile } from '../sandbox/processes.js';
import { startProviders } from '../sandbox/providers.js';
import { launcherPidPath, startStack, whoRuns, type Stack } from '../sandbox/stack.js';
import { runWorker } from '../workers/main.js';
import { untilToldToStop } from './signals.js';
import { prepareServers } from './temporal.js';

const PORTS = { temporal: 7233, temporalUi: 8233 };

export type StartOptions = { readonly directory: string; readonly anyPorts: boolean };

/** The whole stack, until somebody stops it. */
export async function start({ directory, anyPorts }: StartOptions): Promise<void> {
  const running = whoRuns(directory);
  if (running)
    throw new Error(
      `it runs already (process ${running.pid})${running.api === undefined ? ', and is starting' : `: the API is ${running.api}`}`,
    );
  const stopping = new AbortController();
  const told = untilToldToStop().then(() => stopping.abort());
  const stack = await startStack({
    directory,
    environment: process.env,
    say: (line) => console.log(line),
    signal: stopping.signal,
    ...(!anyPorts && { ports: PORTS }),
  });
  const stops: (() => Promise<void>)[] = [stack.stop];
  try {
    const providers =
      process.env.SENDGRID_API_KEY || process.env.SMTP_URL
        ? undefined
        : await startProviders(directory, { speed: Number(process.env.CLOCK_SPEED) || 1 });
    if (providers) stops.push(providers.stop);
    const config = loadConfig({
      LOG_LEVEL: 'warn', // people read this
      ...process.env,
      ...stack.variables,
      ...providers?.variables,
      ...(anyPorts && { API_PORT: process.env.API_PORT ?? '0', WORKER_PORT: process.env.WORKER_PORT ?? '0' }),
    });
    await prepareServers(config);
    const worker = await runWorker(config);
    stops.push(() => worker.close());
    const api = await runApi(config);
    stops.push(() => api.close());
    providers?.callBack(api.url);
    writePidFile(launcherPidPath(directory), { api: api.url });
    const found = { ...stack.variables, ...providers?.variables };
    for (const line of addresses(api.url, found, config)) console.log(line);
    const fault = await Promise.race([told, stack.broken, worker.ended]);
    if (fault !== undefined) throw new Error(fault);
    console.log('\nstopping …');
  } finally {
    for (const stopOne of stops.toReversed()) await stopOne().catch((error: unknown) => console.error(error));
  }
  console.log('everything is stopped; nothing was lost');
}

function addresses(apiUrl: string, variables: Stack['variables'], { databaseUrl, temporal }: Config): string[] {
  return [
    '',
    'MadanSara is up.',
    `  API           ${apiUrl} (read about it at ${apiUrl}/docs)`,
    `  Temporal UI   ${temporal.uiUrl ?? `of the server at ${temporal.address}`}`,
    `  PostgreSQL    ${variables.DATABASE_URL ?? databaseUrl.replace(/:[^:@/]*@/, ':********@')}`,
    ...(variables.ARTIFACT_DIR ? [`  artifacts     ${variables.ARTIFACT_DIR}`] : []),
    '',
    'For the other commands in another terminal (what is sent goes to a sandbox here, and so these keys open nothing):',
    ...Object.entries(variables).map(([name, value]) => `  export ${name}='${value}'`),
    '',
    'Ctrl-C stops all of it.',
  ];
}
