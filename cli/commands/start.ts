import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { projectRoot } from '../../config.js';
import type { StartOptions } from '../start.js';

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run the whole stack on this machine until Ctrl-C: PostgreSQL, Temporal and its pages, API and worker')
    .option('--directory <path>', 'where the stack keeps everything', join(projectRoot, '.madansara', 'stack'))
    .option('--any-ports', 'take free ports instead of the usual ones', false)
    .addHelpText('after', '\nDATABASE_URL, TEMPORAL_ADDRESS and S3_ENDPOINT replace the server of that kind.')
    .action(async (options: StartOptions) => {
      const { start } = await import('../start.js');
      await start({ ...options, directory: resolve(options.directory) });
    });
}
