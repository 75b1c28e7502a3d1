import { DomainError } from '../errors.js';

/** How a file says its rows. `columns` is text divided by any amount of white space. */
export const FORMATS = ['csv', 'tsv', 'ndjson', 'columns'] as const;
export type Format = (typeof FORMATS)[number];

export type FileForm = {
  readonly format: Format;
  /** Whether the first row names the columns. Without one they are called by their numbers, from 1. */
  readonly header: boolean;
  /** One character, for csv alone: many a spreadsheet writes `;`. */
  readonly delimiter?: string;
};

/** What a row holds: texts in the order of the columns, or in NDJSON an object. */
export type Cells = readonly string[] | Readonly<Record<string, unknown>>;

export type Row = { readonly kind: 'row'; readonly line: number; readonly source: string; readonly cells: Cells };
/** A row that cannot be read. `source` is its beginning, for people to find it. */
export type BadRow = { readonly kind: 'bad'; readonly line: number; readonly source: string; readonly reason: string };

/** Reads rows from text that comes in pieces. */
export type RowReader = {
  push(text: string): readonly (Row | BadRow)[];
  /** The rows that the end of the file completes. */
  end(): readonly (Row | BadRow)[];
};

/** Longer rows are no rows: what they would make could not be stored, and memory must not depend on the file. */
export const MAX_ROW_CHARS = 131_072;
export const MAX_SOURCE_CHARS = 500;

/** A decoder puts this where bytes mean nothing in its encoding. */
const UNREADABLE = '\uFFFD';

export function badRow(line: number, source: string, reason: string): BadRow {
  return { kind: 'bad', line, source: source.slice(0, MAX_SOURCE_CHARS), reason };
}

/** Why no row of this text can be right, whatever the format, or nothing. */
export function textRowFault(text: string): string | undefined {
  return text.includes(UNREADABLE) ? 'holds bytes that are not in the encoding of the file (--encoding names another)' : undefined;
}

/** The format that a file's name tells. */
export function formatOf(path: string): Format {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  switch (extension) {
    case 'csv':
      return 'csv';
    case 'tsv':
    case 'tab':
      return 'tsv';
    case 'ndjson':
    case 'jsonl':
      return 'ndjson';
    default:
      throw new DomainError(
        'invalid',
        `the name of ${path} does not tell its format: add --format ${FORMATS.join(', ').replace(/, (\w+)$/, ' or $1')}`,
      );
  }
}
