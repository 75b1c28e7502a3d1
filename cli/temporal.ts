import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.js';
import { migrate } from '../db/migrate.js';
import { setUpTemporal } from '../temporal-config/setup.js';

/** Gives a command Temporal for as long as it works; says in one sentence when it does not answer. */
export async function withTemporal<T>({ temporal }: Config, work: (client: Client) => Promise<T>): Promise<T> {
  const { address, namespace } = temporal;
  const connection = await Connection.connect({ address }).catch((cause: unknown) => {
    throw new Error(`Temporal does not answer at ${address} (TEMPORAL_ADDRESS)`, { cause });
  });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

/** Schema, namespace and search attributes, whichever servers they are. Gives the schema's version. */
export async function prepareServers(config: Config): Promise<number> {
  const { version } = await migrate(config.databaseUrl);
  await withTemporal(config, ({ connection }) => setUpTemporal(connection as Connection, config.temporal.namespace));
  return version;
}
