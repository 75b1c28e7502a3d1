import type { Command } from 'commander';
import { loadConfig } from '../../config.js';
import { parseLocalDate, parseTenantId } from '../../core/ids.js';

type WalkOptions = { readonly tenant: string; readonly date: string; readonly asOf?: string; readonly refresh: boolean };

export function addWalkCommand(program: Command): void {
  program
    .command('walk')
    .description("walk through a tenant's audience of one day, show how far it is, and print the brief")
    .requiredOption('--tenant <id>', 'whose audience')
    .requiredOption('--date <YYYY-MM-DD>', "the day, in the tenant's time zone; a past day sees no later event")
    .option('--as-of <time>', 'see no event from this moment on (ISO 8601); the end of the day, or now, when absent')
    .option('--refresh', 'read the events as they are now, although this day was walked before', false)
    .addHelpText(
      'after',
      '\nA worker must be running (`madansara worker`, or `npm start`). A day that was walked before is walked over the same events again.',
    )
    .action(async ({ tenant, date, asOf, refresh }: WalkOptions) => {
      const { walkAndPrint } = await import('../walking.js');
      await walkAndPrint(loadConfig(process.env), {
        tenantId: parseTenantId(tenant),
        walkDate: parseLocalDate(date),
        ...(asOf !== undefined && { asOf: parseMoment(asOf) }),
        refresh,
        requestedBy: 'command line',
      });
    });
}

function parseMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new RangeError(`--as-of is not a time (ISO 8601 is expected): ${text.slice(0, 40)}`);
  return moment.toISOString();
}
