import type { Command } from 'commander';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { argument } from '../arguments.js';

type Act = 'updateLake' | 'rebuildLake' | 'verifyLake' | 'showLake';

export function addLakeCommand(program: Command): void {
  const lake = program.command('lake').description('the events as Parquet in the object store: update, rebuild, verify, show');
  const add = (name: string, act: Act, description: string, more: string) =>
    lake
      .command(name)
      .description(description)
      .requiredOption('--tenant <id>', "the tenant's id, a UUID", argument(parseTenantId))
      .addHelpText('after', `\n${more}`)
      .action(async ({ tenant }: { readonly tenant: TenantId }) => {
        const acts = await import('../lake.js');
        await acts[act](tenant);
      });

  add(
    'update',
    'updateLake',
    'take in what was committed since the last time',
    'Nothing is missed and nothing taken twice, whoever else writes. A run that is cut off is continued by the next.',
  );
  add(
    'rebuild',
    'rebuildLake',
    'write the lake anew from PostgreSQL',
    'For a lake that differs, or whose database was restored from a backup. Readers go on with the version before it until it is whole;\n' +
      'a run that is cut off changes nothing.',
  );
  add(
    'verify',
    'verifyLake',
    'compare counts and checksums of every month with PostgreSQL, at one moment',
    'Exit code 1 when a month differs.',
  );
  add('show', 'showLake', 'the version, the months, and what is not in the lake yet', 'It only reads.');
}
