import { basename } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { DomainError } from '../../core/errors.js';
import { parseTimeZone } from '../../core/event/time-zone.js';
import { parseTimeMs } from '../../core/event/time.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { EventMapping } from '../../core/import/events.js';
import type { PersonMapping } from '../../core/import/people.js';
import { formatOf, FORMATS, type Format } from '../../core/import/rows.js';
import { argument } from '../arguments.js';
import { withDatabase } from '../database.js';
import type { SourceFile } from '../import/file.js';
import { importEvents, type ImportOptions } from '../import/import-events.js';
import { importPeople } from '../import/import-people.js';
import type { ImportCounts } from '../import/import-rows.js';
import { startProgress } from '../progress.js';
import { untilToldToStop } from '../signals.js';

type Options = {
  readonly tenant: TenantId;
  readonly users: boolean;
  readonly event?: string;
  readonly eventColumn?: string;
  readonly user?: string;
  readonly time?: string;
  readonly revenue?: string;
  readonly currency?: string;
  readonly map: Readonly<Record<string, string>>;
  readonly skip: readonly string[];
  readonly dateFormat?: string;
  readonly timeZone?: string;
  readonly decimalComma: boolean;
  readonly consentSource?: string;
  readonly consentAt?: number;
  readonly format?: Format;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header: boolean;
  readonly rejects?: string;
};

const EXAMPLES = `
Examples:
  madansara import orders.csv --tenant $T --event purchase --user customer_id --time paid_at --revenue total --map category=department
  madansara import CDNOW_master.txt --tenant $T --format columns --event purchase --user customer_id --time date --revenue dollar_value
  madansara import log.ndjson --tenant $T --event-column type --user user.id --time at --map page=url
  madansara import list.csv --tenant $T --users --consent-source "newsletter form"

Columns are named as the header names them; in a file without a header (--no-header) they are numbered from 1. Importing a file
again adds only what is not stored yet, so an import that was cut off is repeated to be completed.`;

export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description('import events, or with --users people, from a file of CSV, TSV, NDJSON or columns of text')
    .argument('<file>', 'the file')
    .requiredOption('--tenant <id>', 'whose they are', argument(parseTenantId))
    .option('--users', 'the rows are people, not events', false)
    .option('--event <name>', 'what all rows are: purchase, page_view, …')
    .option('--event-column <column>', 'the column that says what each row is')
    .option('--user <column>', "the column of the tenant's id for a person")
    .option('--time <column>', 'the column of the time at which it happened')
    .option('--revenue <column>', 'the column of the amount; less than nothing is a refund')
    .option('--currency <column or code>', "the column of the currency, or one for all rows; else the tenant's")
    .option('--map <name=column>', 'a property (with --users a field or trait) and its column; may be repeated', collectPair, {})
    .option('--skip <column>', 'with --users: a column that is not kept; may be repeated', collect, [])
    .option('--date-format <format>', 'how times are written, as DD.MM.YYYY HH:mm; else ISO 8601, YYYYMMDD or seconds since 1970')
    .option('--time-zone <zone>', "of times that name none; else the tenant's", argument(zone))
    .option('--decimal-comma', 'amounts are written as 1.234,50', false)
    .option('--consent-source <text>', 'with --users: where consent came from, when no column says it; else the name of the file')
    .option('--consent-at <date>', 'with --users: when consent was given or denied, when no column says it', argument(date))
    .option(`--format <format>`, `${FORMATS.join(', ')}; else what the name of the file says`, argument(format))
    .option('--delimiter <character>', 'what divides the fields of csv', argument(delimiter))
    .option('--encoding <name>', 'of the file, as windows-1252; else UTF-8')
    .option('--no-header', 'the first row is not the names of the columns')
    .option('--rejects <file>', 'where rows that cannot be imported are written, with the reason; else FILE.rejects.csv')
    .addHelpText('after', EXAMPLES)
    .action(runImport);
}

async function runImport(path: string, options: Options): Promise<void> {
  const file = fileOf(path, options);
  const rejectsPath = options.rejects ?? `${path}.rejects.csv`;
  const stopping = new AbortController();
  void untilToldToStop().then(() => stopping.abort());
  const counts = await withDatabase('import', async (database) => {
    const progress = startProgress(`importing ${basename(path)}`, { unit: 'rows' });
    const common: ImportOptions = {
      tenantId: options.tenant,
      file,
      rejectsPath,
      signal: stopping.signal,
      onProgress: ({ rows, bytesRead, bytes }) => progress.update(rows, `(${Math.floor((100 * bytesRead) / Math.max(1, bytes))} %)`),
    };
    try {
      const done = options.users
        ? await importPeople(database, { ...common, mapping: personMapping(path, options) })
        : await importEvents(database, { ...common, mapping: eventMapping(options) });
      progress.done(`${shown(done.rows)} rows`);
      return done;
    } finally {
      progress.stop();
    }
  });
  report(counts, { rejectsPath, users: options.users });
}

function report(counts: ImportCounts, { rejectsPath, users }: { readonly rejectsPath: string; readonly users: boolean }): void {
  const { rows, stored, repeated, rejected, firstRejections, stopped } = counts;
  console.log(
    `${shown(stored)} ${users ? 'stored or changed' : 'stored'}, ${shown(repeated)} ${users ? 'unchanged' : 'repeated'}, ${shown(rejected)} rejected`,
  );
  for (const { line, reason } of firstRejections) console.error(`  line ${line}: ${reason}`);
  if (rejected > firstRejections.length) console.error(`  and ${shown(rejected - firstRejections.length)} more`);
  if (rejected > 0) console.error(`the rejected rows and the reasons are in ${rejectsPath}`);
  if (stopped) {
    console.error('stopped before the end of the file; what is counted here is stored, and importing the file again adds the rest');
    process.exitCode = 130;
  } else if (rows > 0 && rejected === rows) {
    process.exitCode = 1;
  }
}

const shown = (count: number): string => count.toLocaleString('en-US');

function fileOf(path: string, { format, header, delimiter, encoding }: Options): SourceFile {
  const actual = format ?? formatOf(path);
  if (delimiter !== undefined && actual !== 'csv') throw new DomainError('invalid', `--delimiter is for csv; ${path} is ${actual}`);
  return { path, format: actual, header, ...(delimiter !== undefined && { delimiter }), ...(encoding !== undefined && { encoding }) };
}

function eventMapping(options: Options): EventMapping {
  const { event, eventColumn, user, time, revenue, currency, dateFormat, timeZone, decimalComma, map } = options;
  refuse(options, ['skip', 'consentSource', 'consentAt'], 'is for --users');
  if ((event === undefined) === (eventColumn === undefined))
    throw new DomainError('invalid', 'either --event or --event-column is expected');
  const missing = [user === undefined && '--user', time === undefined && '--time'].filter((name) => name !== false);
  if (user === undefined || time === undefined) throw new DomainError('invalid', `${missing.join(' and ')} must name a column`);
  return {
    event: eventColumn === undefined ? (event ?? '') : { column: eventColumn },
    user,
    time,
    properties: map,
    decimalComma,
    ...(revenue !== undefined && { revenue }),
    ...(currency !== undefined && { currency }),
    ...(dateFormat !== undefined && { dateFormat }),
    ...(timeZone !== undefined && { timeZone }),
  };
}

function personMapping(path: string, options: Options): PersonMapping {
  const { user, map, skip, dateFormat, timeZone, consentSource, consentAt } = options;
  refuse(options, ['event', 'eventColumn', 'time', 'revenue', 'currency'], 'is for events, not for --users');
  return {
    fields: map,
    skipped: skip,
    consentSource: consentSource ?? `import of ${basename(path)}`,
    ...(consentAt !== undefined && { consentAtMs: consentAt }),
    ...(user !== undefined && { user }),
    ...(dateFormat !== undefined && { dateFormat }),
    ...(timeZone !== undefined && { timeZone }),
  };
}

/** An option that would have no effect is a mistake. */
function refuse(options: Options, names: readonly (keyof Options)[], reason: string): void {
  for (const name of names) {
    const value = options[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw new DomainError('invalid', `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${reason}`);
  }
}

function zone(text: string): string {
  const parsed = parseTimeZone(text);
  if (parsed === undefined) throw new RangeError('a name like Europe/Berlin is expected');
  return parsed;
}

function date(text: string): number {
  const ms = parseTimeMs(text);
  if (ms === undefined) throw new RangeError('a date like 2024-05-31 is expected');
  return ms;
}

function format(text: string): Format {
  const found = FORMATS.find((known) => known === text);
  if (!found) throw new RangeError(`one of ${FORMATS.join(', ')} is expected`);
  return found;
}

function delimiter(text: string): string {
  const character = text === '\\t' ? '\t' : text;
  if (character.length !== 1 || /["\r\n]/.test(character)) throw new RangeError('one character is expected, and no quote');
  return character;
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function collectPair(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, column] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || column === undefined) throw new InvalidArgumentError('property=column is expected');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is mapped twice`);
  return { ...before, [name]: column };
}
