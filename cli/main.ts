import { Command } from 'commander';
import { addApiCommand } from './commands/api.js';
import { addConfigCommand } from './commands/config.js';
import { addLakeCommand } from './commands/lake.js';
import { addMigrateCommand } from './commands/migrate.js';
import { addSetupCommand } from './commands/setup.js';
import { addStartCommand } from './commands/start.js';
import { addTemporalCommand } from './commands/temporal.js';
import { addWorkerCommand } from './commands/worker.js';

const program = new Command('madansara')
  .description('The audience-intelligence walker agent of En Garde')
  .showHelpAfterError('(madansara --help lists the commands)');

addStartCommand(program);
addApiCommand(program);
addWorkerCommand(program);
addConfigCommand(program);
addLakeCommand(program);
addMigrateCommand(program);
addSetupCommand(program);
addTemporalCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`madansara: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
