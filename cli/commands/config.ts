import type { Command } from 'commander';
import { describeConfig } from '../../config.js';

export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('show the effective configuration, secrets masked')
    .action(() => {
      const rows = describeConfig(process.env);
      const width = Math.max(...rows.map(({ variable }) => variable.length));
      for (const { variable, value } of rows) console.log(`${variable.padEnd(width)}  ${value}`);
    });
}
