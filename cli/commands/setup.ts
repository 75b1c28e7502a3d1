import type { Command } from 'commander';
import { loadConfig } from '../../config.js';

export function addSetupCommand(program: Command): void {
  program
    .command('setup')
    .description("make the schema, and Temporal's namespace and search attributes; harmless when repeated")
    .action(async () => {
      const { prepareServers } = await import('../temporal.js');
      const config = loadConfig(process.env);
      console.log(`the schema is at version ${await prepareServers(config)}`);
      console.log(`the namespace ${config.temporal.namespace} has its search attributes`);
    });
}
