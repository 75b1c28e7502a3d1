import type { Command } from 'commander';
import { loadConfig } from '../../config.js';
import { untilToldToStop } from '../signals.js';

export function addWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('run a Temporal worker until it is told to stop; WORKER_ROLE says which tasks it takes')
    .action(async () => {
      const { runWorker } = await import('../../workers/main.js');
      const worker = await runWorker(loadConfig(process.env));
      const fault = await Promise.race([untilToldToStop().then(() => undefined), worker.ended]);
      await worker.close();
      if (fault !== undefined) throw new Error(fault);
    });
  program
    .command('bundle')
    .description('bundle the workflows ahead of time, so that workers start at once')
    .action(async () => {
      const { buildWorkflowBundle } = await import('../../workers/bundle.js');
      console.log(`bundled: ${await buildWorkflowBundle()}`);
    });
}
