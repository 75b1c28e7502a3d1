import { assertNever } from '../errors.js';
import { createDelimitedReader, TOO_LONG } from './delimited.js';
import { createLineReader, type Line } from './lines.js';
import { badRow, textRowFault, type BadRow, type Cells, type FileForm, type Row, type RowReader } from './rows.js';

/** The reader of a file's rows, the header among them where there is one. Empty lines are no rows. */
export function createRowReader({ format, delimiter }: FileForm): RowReader {
  switch (format) {
    case 'csv':
      return createDelimitedReader(delimiter ?? ',');
    case 'tsv':
      return createDelimitedReader('\t');
    case 'columns':
      return createLineByLineReader((text) => text.trim().split(/\s+/));
    case 'ndjson':
      return createLineByLineReader(readObject);
    default:
      return assertNever(format);
  }
}

/** Formats in which a line is a row. `read` gives the cells, or the reason why there are none. */
function createLineByLineReader(read: (text: string) => Cells | string): RowReader {
  const reader = createLineReader();
  const rowOf = ({ number, text, tooLong }: Line): Row | BadRow => {
    const fault = tooLong ? TOO_LONG : textRowFault(text);
    const cells = fault ?? read(text);
    return typeof cells === 'string' ? badRow(number, text, cells) : { kind: 'row', line: number, source: text, cells };
  };
  const rowsOf = (lines: readonly Line[]) => lines.filter(({ text }) => text.trim() !== '').map(rowOf);
  return { push: (text) => rowsOf(reader.push(text)), end: () => rowsOf(reader.end()) };
}

function readObject(text: string): Cells | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  return isObject(value) ? value : 'is not a JSON object';
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
