import { Command } from 'commander';
import { addApiCommand } from './commands/api.js';
import { addCampaignCommand } from './commands/campaign.js';
import { addConfigCommand } from './commands/config.js';
import { addConsentCommand } from './commands/consent.js';
import { addDemoCommand } from './commands/demo.js';
import { addImportCommand } from './commands/import.js';
import { addKeysCommand } from './commands/keys.js';
import { addLakeCommand } from './commands/lake.js';
import { addMigrateCommand } from './commands/migrate.js';
import { addOffersCommand } from './commands/offers.js';
import { addQueryCommand } from './commands/query.js';
import { addReplyRulesCommand } from './commands/reply-rules.js';
import { addSetupCommand } from './commands/setup.js';
import { addStartCommand } from './commands/start.js';
import { addTemplatesCommand } from './commands/templates.js';
import { addTemporalCommand } from './commands/temporal.js';
import { addTenantsCommand } from './commands/tenants.js';
import { addTestCommand } from './commands/test.js';
import { addWalkCommand } from './commands/walk.js';
import { addWorkerCommand } from './commands/worker.js';

const program = new Command('madansara')
  .description('The audience-intelligence walker agent of En Garde')
  .showHelpAfterError('(madansara --help lists the commands)');

addDemoCommand(program);
addStartCommand(program);
addTenantsCommand(program);
addKeysCommand(program);
addImportCommand(program);
addWalkCommand(program);
addTestCommand(program);
addCampaignCommand(program);
addTemplatesCommand(program);
addConsentCommand(program);
addReplyRulesCommand(program);
addOffersCommand(program);
addQueryCommand(program);
addLakeCommand(program);
addApiCommand(program);
addWorkerCommand(program);
addSetupCommand(program);
addMigrateCommand(program);
addTemporalCommand(program);
addConfigCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`madansara: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
