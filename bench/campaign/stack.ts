import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startPostgres, type PostgresServer } from '../../sandbox/postgres.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startTemporalOnPostgres } from '../../sandbox/temporal-on-postgres.js';
import { temporaryFolder } from '../../test/harness/folder.js';

/** PostgreSQL, with its own defaults of durability, and Temporal's production server on it. */
export type CampaignStack = {
  readonly folder: string;
  readonly postgres: PostgresServer;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly pid: number };
  readonly client: Client;
  close(): Promise<void>;
};

export async function startCampaignStack(name: string): Promise<CampaignStack> {
  const folder = temporaryFolder(name);
  const say = (line: string) => console.error(line);
  const postgres = await startPostgres({ directory: join(folder, 'postgres') });
  const temporal = await startTemporalOnPostgres({
    directory: join(folder, 'temporal'),
    postgresUrl: postgres.url,
    namespace: 'bench',
    environment: process.env,
    say,
  }).catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  const isKnown = () =>
    client.workflow.count().then(
      () => true,
      () => false, // a new namespace is known to all parts of the server after a moment
    );
  await waitUntil(isKnown, 30_000, 200);
  const close = async () => {
    await connection.close();
    await temporal.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close().then(() => process.exit(1)));
  return { folder, postgres, temporal, client, close };
}
