import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DomainError } from '../../core/errors.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { parseCurrency, parseTimeZone, PINNED_K, ALWAYS_ON_SHARE } from '../../core/tenant.js';
import { formatPercent } from '../../core/numbers.js';
import type { Database } from '../../db/client.js';
import { createTenant, findTenant, listTenantIds, updateTenant, type Tenant, type TenantChange } from '../../db/queries/tenants.js';
import { argument, parseName } from '../arguments.js';
import { withDatabase } from '../database.js';
import { tableLines } from '../table.js';

const EXAMPLES = `
Examples:
  madansara tenants create --name "Lakou Mizik" --time-zone America/Port-au-Prince --currency HTG
  madansara tenants set 550e8400-e29b-41d4-a716-446655440000 --segments 6
  madansara tenants list`;

type Settings = { readonly name?: string; readonly timeZone?: string; readonly currency?: string; readonly segments?: number | 'auto' };

export function addTenantsCommand(program: Command): void {
  const tenants = program.command('tenants').description('the customer accounts whose audiences are walked').addHelpText('after', EXAMPLES);
  tenants
    .command('list')
    .description('all tenants')
    .action(() => withDatabase('tenants', list));
  tenants
    .command('create')
    .description('create a tenant; its daily walk is scheduled with it')
    .requiredOption('--name <name>', 'for people to read', argument(parseName))
    .option('--id <uuid>', 'its id in En Garde; else a new one', argument(parseTenantId))
    .option('--time-zone <zone>', 'the walk is at 08:00 in it', argument(parseTimeZone), 'UTC')
    .option('--currency <code>', 'of amounts that name none', argument(parseCurrency), 'USD')
    .addOption(segmentsOption())
    .action(create);
  tenants
    .command('show')
    .description('one tenant, with its goals')
    .argument('<id>', 'its id', argument(parseTenantId))
    .action((id: TenantId) => withDatabase('tenants', async (database) => show(await required(database, id))));
  tenants
    .command('set')
    .description('change a tenant; what is not named stays')
    .argument('<id>', 'its id', argument(parseTenantId))
    .option('--name <name>', 'for people to read', argument(parseName))
    .option('--time-zone <zone>', 'the walk is at 08:00 in it', argument(parseTimeZone))
    .option('--currency <code>', 'of amounts that name none, from now on', argument(parseCurrency))
    .addOption(segmentsOption())
    .option(
      '--always-on <percent>',
      'on so many percent of users a decided test may start the next one by itself; off: none does',
      argument(alwaysOn),
    )
    .action(set);
}

const segmentsOption = () =>
  new Option(
    '--segments <number>',
    `how many segments to make, ${PINNED_K.least} to ${PINNED_K.most}; auto lets every walk choose`,
  ).argParser(segments);

async function list(database: Database): Promise<void> {
  const rows: string[][] = [];
  for (const id of await listTenantIds(database)) {
    const tenant = await findTenant(database, id);
    if (tenant) rows.push([id, tenant.timeZone, tenant.currency, tenant.name]);
  }
  if (rows.length === 0) console.log('there are no tenants yet (`madansara tenants create --name NAME` makes one)');
  else for (const line of tableLines([['id', 'time zone', 'currency', 'name'], ...rows])) console.log(line);
}

function create(options: Settings & { readonly name: string; readonly id?: TenantId }): Promise<void> {
  return withDatabase('tenants', async (database, config) => {
    const tenantId = options.id ?? parseTenantId(randomUUID());
    const { pinnedK, ...change } = changeOf(options);
    const tenant = await createTenant(database, {
      tenantId,
      name: options.name,
      ...change,
      ...(typeof pinnedK === 'number' && { pinnedK }),
    });
    if (!tenant) throw new DomainError('conflict', `there is a tenant ${tenantId} already`);
    show(tenant);
    const { scheduleTenant } = await import('../schedules.js');
    console.error(await scheduleTenant(config, tenant));
  });
}

function set(id: TenantId, options: Settings & { readonly alwaysOn?: number | 'off' }): Promise<void> {
  const change = changeOf(options);
  if (Object.keys(change).length === 0)
    throw new DomainError('invalid', 'nothing to change: --name, --time-zone, --currency, --segments or --always-on is expected');
  return withDatabase('tenants', async (database, config) => {
    const tenant = await updateTenant(database, id, change);
    if (!tenant) throw unknown(id);
    show(tenant);
    const { scheduleTenant } = await import('../schedules.js');
    console.error(await scheduleTenant(config, tenant));
  });
}

function changeOf({ name, timeZone, currency, segments, alwaysOn }: Settings & { readonly alwaysOn?: number | 'off' }): TenantChange {
  return {
    ...(name !== undefined && { name }),
    ...(timeZone !== undefined && { timeZone }),
    ...(currency !== undefined && { currency }),
    ...(segments !== undefined && { pinnedK: segments === 'auto' ? null : segments }),
    ...(alwaysOn !== undefined && { alwaysOnShare: alwaysOn === 'off' ? null : alwaysOn }),
  };
}

const shareInWords = (share: number | undefined): string => (share === undefined ? 'none' : `on ${formatPercent(share)} of users`);

function show({ tenantId, name, timeZone, currency, goals, settings, createdAt }: Tenant): void {
  const rows = [
    ['id', tenantId],
    ['name', name],
    ['time zone', timeZone],
    ['currency', currency],
    ['segments', settings.segments?.k === undefined ? 'chosen by every walk' : String(settings.segments.k)],
    ['always-on tests', shareInWords(settings.tests?.alwaysOnShare)],
    ...Object.entries(goals).map(([goal, { event, filters, windowDays }]) => [
      'goal',
      `${goal}: ${event}${Object.keys(filters).length > 0 ? ` where ${JSON.stringify(filters)}` : ''} within ${windowDays} days`,
    ]),
    ['created', createdAt.toISOString()],
  ];
  for (const line of tableLines(rows)) console.log(line);
}

export async function required(database: Database, id: TenantId): Promise<Tenant> {
  const tenant = await findTenant(database, id);
  if (!tenant) throw unknown(id);
  return tenant;
}

const unknown = (id: TenantId) =>
  new DomainError('not_found', `there is no tenant ${id} (\`madansara tenants list\` shows those there are)`);

function segments(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const number = Number(text);
  if (Number.isInteger(number) && number >= PINNED_K.least && number <= PINNED_K.most) return number;
  throw new InvalidArgumentError(`${PINNED_K.least} to ${PINNED_K.most}, or auto, is expected`);
}

/** A share of users from percent: `20` or `20%`. */
function alwaysOn(text: string): number | 'off' {
  if (text === 'off') return text;
  const share = Number(text.replace(/ ?%$/, '')) / 100;
  const { least, most } = ALWAYS_ON_SHARE;
  if (text.trim() !== '' && share >= least && share <= most) return share;
  throw new RangeError(`${100 * least} to ${100 * most} percent, or off, is expected`);
}
