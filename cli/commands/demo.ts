import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { projectRoot } from '../../config.js';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('start everything, load 69,659 real purchases, walk through that audience, print the brief, stop')
    .option('--directory <path>', 'where the demo keeps everything; each demo begins anew', join(projectRoot, '.madansara', 'demo'))
    .action(async ({ directory }: { readonly directory: string }) => {
      const { demo } = await import('../demo.js');
      await demo(resolve(directory));
    });
}
