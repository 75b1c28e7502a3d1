import { Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { loadConfig } from '../../config.js';
import { migrate } from '../../db/migrate.js';
import { setUpTemporal } from '../../temporal-config/setup.js';

export function addSetupCommand(program: Command): void {
  program
    .command('setup')
    .description("make the schema, and Temporal's namespace and search attributes; harmless when repeated")
    .action(async () => {
      const { databaseUrl, temporal } = loadConfig(process.env);
      const { version } = await migrate(databaseUrl);
      console.log(`the schema is at version ${version}`);
      const connection = await Connection.connect({ address: temporal.address }).catch((cause: unknown) => {
        throw new Error(`Temporal does not answer at ${temporal.address} (TEMPORAL_ADDRESS)`, { cause });
      });
      try {
        await setUpTemporal(connection, temporal.namespace);
      } finally {
        await connection.close();
      }
      console.log(`the namespace ${temporal.namespace} has its search attributes`);
    });
}
