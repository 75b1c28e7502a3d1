import { Command } from 'commander';
import { addConfigCommand } from './commands/config.js';
import { addMigrateCommand } from './commands/migrate.js';
import { addSetupCommand } from './commands/setup.js';

const program = new Command('madansara')
  .description('The audience-intelligence walker agent of En Garde')
  .showHelpAfterError('(madansara --help lists the commands)');

addConfigCommand(program);
addMigrateCommand(program);
addSetupCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`madansara: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
