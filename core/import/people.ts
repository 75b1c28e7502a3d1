import { DomainError } from '../errors.js';
import { cellOf, widthFault, type Cell, type Columns } from './columns.js';
import { personFieldOf, type PersonField } from './person-fields.js';
import type { Cells } from './rows.js';
import { PersonDraft, type ConsentDefaults, type ImportedPerson } from './person-draft.js';
import { createTimeReader } from './times.js';

/** Columns that usual names do not tell. */
export type PersonMapping = ConsentDefaults & {
  /** The column of the tenant's own id for a person. */
  readonly user?: string;
  /** Field (`email`, `consent`, `instagram`, …) or trait → column. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Columns that are not kept. */
  readonly skipped?: readonly string[];
  readonly dateFormat?: string;
  readonly timeZone?: string;
};

export type PersonContext = { readonly timeZone: string; readonly nowMs: number };

type FieldCell = { readonly field: PersonField; readonly column: string; readonly cell: Cell };

/** Reads people from the rows of a file with these columns. */
export function createPersonReader(
  mapping: PersonMapping,
  columns: Columns,
  { timeZone, nowMs }: PersonContext,
): (cells: Cells) => ImportedPerson | string {
  const fieldsIn = createFieldFinder(mapping, columns);
  const readTime = createTimeReader({
    timeZone: mapping.timeZone ?? timeZone,
    ...(mapping.dateFormat !== undefined && { dateFormat: mapping.dateFormat }),
  });
  return (cells) => {
    const width = widthFault(columns, cells);
    if (width) return width;
    const draft = new PersonDraft(readTime, nowMs);
    for (const { field, column, cell } of fieldsIn(cells)) {
      const fault = draft.take(field, column, cell(cells));
      if (fault) return fault;
    }
    return draft.finish(mapping);
  };
}

/** Fields by the flags first, then by the names of the columns. In NDJSON each object has columns of its own. */
function createFieldFinder({ user, fields = {}, skipped = [] }: PersonMapping, columns: Columns): (cells: Cells) => readonly FieldCell[] {
  const named: FieldCell[] = Object.entries(fields).map(([name, column]) => ({
    field: personFieldOf(name),
    column,
    cell: cellOf(columns, column),
  }));
  if (user !== undefined) named.unshift({ field: { kind: 'user' }, column: user, cell: cellOf(columns, user) });
  const taken = new Set([...named.map(({ column }) => column), ...skipped]);
  const others = (names: readonly string[]): FieldCell[] =>
    names
      .filter((name) => name !== '' && !taken.has(name))
      .map((column) => ({ field: personFieldOf(column), column, cell: cellOf(columns, column) }))
      // A column that a flag names means it alone: another of the usual names is then a trait.
      .map((found) =>
        named.some(({ field }) => isSame(field, found.field)) ? { ...found, field: { kind: 'trait', name: found.column } } : found,
      );
  switch (columns.kind) {
    case 'named': {
      const all = [...named, ...others(columns.names)];
      requireIdentity(all, columns);
      return () => all;
    }
    case 'numbered':
      requireIdentity(named, columns);
      return () => named;
    case 'objects':
      return (cells) => [...named, ...others(Object.keys(cells))];
  }
}

const isSame = (a: PersonField, b: PersonField): boolean => JSON.stringify(a) === JSON.stringify(b);

const IDENTIFYING: ReadonlySet<PersonField['kind']> = new Set(['user', 'email', 'phone', 'whatsapp', 'handle']);

function requireIdentity(fields: readonly FieldCell[], columns: Columns): void {
  if (fields.some(({ field }) => IDENTIFYING.has(field.kind))) return;
  const there = columns.kind === 'named' ? `; it has ${columns.names.map((name) => JSON.stringify(name)).join(', ')}` : '';
  throw new DomainError('invalid', `no column of the file says who a person is (--user or --map email=COLUMN names one)${there}`);
}
