import type { Command } from 'commander';
import { loadConfig } from '../../config.js';
import { untilToldToStop } from '../signals.js';

export function addApiCommand(program: Command): void {
  program
    .command('api')
    .description('run the HTTP API until it is told to stop')
    .action(async () => {
      const { runApi } = await import('../../api/main.js');
      const api = await runApi(loadConfig(process.env));
      await untilToldToStop();
      await api.close();
    });
}
