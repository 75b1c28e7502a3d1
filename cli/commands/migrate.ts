import type { Command } from 'commander';
import { loadConfig } from '../../config.js';
import { migrate } from '../../db/migrate.js';

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database schema up to date; safe to run at any time, by any number of processes at once')
    .action(async () => {
      const { applied, version } = await migrate(loadConfig(process.env).databaseUrl);
      for (const name of applied) console.log(`applied ${name}`);
      console.log(`the schema is at version ${version}`);
    });
}
