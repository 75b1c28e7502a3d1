import { DomainError } from '../errors.js';
import type { Cells } from './rows.js';

/** The columns of a file: known from its header or counted in its first row, or told anew by each object of NDJSON. */
export type Columns =
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'numbered'; readonly count: number }
  | { readonly kind: 'objects' };

/** Takes one column's value out of a row. */
export type Cell = (cells: Cells) => unknown;

/** Finds a column by its name, or by its number from 1 where the file names none. The error names those that there are. */
export function cellOf(columns: Columns, wanted: string): Cell {
  if (columns.kind === 'objects') return (cells) => (isList(cells) ? undefined : valueAt(cells, wanted));
  const index = columns.kind === 'named' ? indexOfName(columns.names, wanted) : indexOfNumber(columns.count, wanted);
  return (cells) => (isList(cells) ? cells[index] : undefined);
}

export const hasColumn = (columns: Columns, wanted: string): boolean =>
  columns.kind === 'named' && columns.names.some((name) => fold(name) === fold(wanted));

const isList = (cells: Cells): cells is readonly string[] => Array.isArray(cells);

/** A key of the object itself, or a path of keys divided by dots. */
function valueAt(object: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path];
  let value: unknown = object;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

const fold = (name: string): string => name.trim().toLowerCase();

/** As it is written, else without regard to case and to spaces around it. */
function indexOfName(names: readonly string[], wanted: string): number {
  for (const isWanted of [(name: string) => name === wanted, (name: string) => fold(name) === fold(wanted)]) {
    const index = names.findIndex(isWanted);
    if (index < 0) continue;
    if (names.findLastIndex(isWanted) !== index) throw new DomainError('invalid', `the file has more than one column ${shown(wanted)}`);
    return index;
  }
  throw new DomainError('invalid', `the file has no column ${shown(wanted)}; it has ${names.map(shown).join(', ')}`);
}

function indexOfNumber(count: number, wanted: string): number {
  const number = /^\d{1,4}$/.test(wanted) ? Number(wanted) : 0;
  if (number >= 1 && number <= count) return number - 1;
  throw new DomainError('invalid', `the file has no column ${shown(wanted)}; without a header they are called 1 to ${count}`);
}

const shown = (name: string): string => JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);

/** Why a row does not fit the columns, or nothing. */
export function widthFault(columns: Columns, cells: Cells): string | undefined {
  if (columns.kind === 'objects' || !isList(cells)) return undefined;
  const width = columns.kind === 'named' ? columns.names.length : columns.count;
  return cells.length === width ? undefined : `has ${cells.length} fields where ${width} are expected`;
}
