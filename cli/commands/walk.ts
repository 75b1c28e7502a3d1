import { Client, Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { notifyingKeys } from '../../activities/notifying/keys.js';
import { loadConfig, type Config } from '../../config.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import { openObjectStore } from '../../store/objects.js';
import type { WalkerInput } from '../../workflows/walker/contract.js';
import { walkAndWatch } from '../walking.js';

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
      await walkCommand(loadConfig(process.env), {
        tenantId: parseTenantId(tenant),
        walkDate: parseLocalDate(date),
        ...(asOf !== undefined && { asOf: parseMoment(asOf) }),
        refresh,
        requestedBy: 'command line',
      });
    });
}

async function walkCommand(config: Config, input: WalkerInput): Promise<void> {
  const { address, namespace } = config.temporal;
  const connection = await Connection.connect({ address }).catch((cause: unknown) => {
    throw new Error(`Temporal does not answer at ${address} (TEMPORAL_ADDRESS)`, { cause });
  });
  try {
    const { run, asOf } = await walkAndWatch(new Client({ connection, namespace }), input);
    if (input.refresh) console.error(`Read anew, as of ${asOf} (run ${run}).`);
    else if (run > 1)
      console.error(`This day was walked before: the same events again, as of ${asOf} (run ${run}; --refresh reads them anew).`);
    await printBrief(config, input.tenantId, input.walkDate);
  } finally {
    await connection.close();
  }
}

/** The brief of a walk on the standard output, and where it is kept on the standard error. */
export async function printBrief({ objects: store }: Pick<Config, 'objects'>, tenantId: TenantId, walkDate: LocalDate): Promise<void> {
  const objects = openObjectStore(store);
  const { brief, suggestions } = notifyingKeys(tenantId, walkDate);
  const text = await objects.get(brief);
  if (!text) throw new Error(`the brief is not where it should be: ${objects.locate(brief)}`);
  process.stdout.write(text);
  console.error(`\nThe brief is kept at ${objects.locate(brief)}`);
  console.error(`The suggestions as they are sent: ${objects.locate(suggestions)}`);
}

function parseMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new RangeError(`--as-of is not a time (ISO 8601 is expected): ${text.slice(0, 40)}`);
  return moment.toISOString();
}
