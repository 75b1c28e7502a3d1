import type { Command } from 'commander';
import { runApi } from '../../api/main.js';
import { loadConfig } from '../../config.js';
import { untilToldToStop } from '../signals.js';

export function addApiCommand(program: Command): void {
  program
    .command('api')
    .description('run the HTTP API until it is told to stop')
    .action(async () => {
      const api = await runApi(loadConfig(process.env));
      await untilToldToStop();
      await api.close();
    });
}
