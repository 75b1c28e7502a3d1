import { createLineReader, type Line } from './lines.js';
import { badRow, MAX_ROW_CHARS, textRowFault, type BadRow, type Row, type RowReader } from './rows.js';

/** A record as far as it has been read. It is open while a quoted field waits for its end. */
type Record = { readonly fields: string[]; readonly lines: Line[]; open: string | undefined; chars: number };
type Outcome = 'complete' | 'open' | 'malformed';

/**
 * CSV as RFC 4180 describes it: a field may stand in double quotes, which may then hold the delimiter, line ends, and quotes that are
 * doubled. A quote inside a field that does not begin with one is a character like any other.
 *
 * A quote that never closes costs its own line and no more: what was read after it is read again, as rows.
 */
export function createDelimitedReader(delimiter: string): RowReader {
  const reader = createLineReader();
  let record: Record | undefined;

  const read = (lines: readonly Line[], ended: boolean): (Row | BadRow)[] => {
    const rows: (Row | BadRow)[] = [];
    // A stack with the next line on top: what a broken record has swallowed goes back onto it.
    const waiting = lines.toReversed();
    for (;;) {
      const line = waiting.pop();
      if (!line) {
        if (!ended || !record) return rows;
        giveUp(record, waiting, rows, NEVER_CLOSES);
        record = undefined;
        continue;
      }
      if (!record && !line.tooLong && !line.text.includes('"')) {
        if (line.text !== '') rows.push(rowOf(line, line.text, line.text.split(delimiter)));
        continue;
      }
      const current: Record = record ?? { fields: [], lines: [], open: undefined, chars: 0 };
      record = undefined;
      const outcome = line.tooLong ? 'malformed' : takeLine(current, line, delimiter);
      if (outcome === 'complete')
        rows.push(rowOf(current.lines[0] ?? line, current.lines.map(({ text }) => text).join('\n'), current.fields));
      else if (outcome === 'open' && current.chars <= MAX_ROW_CHARS) record = current;
      else if (line.tooLong && current.lines.length === 0) rows.push(badRow(line.number, line.text, TOO_LONG));
      else {
        if (line.tooLong) current.lines.push(line);
        giveUp(current, waiting, rows, outcome === 'malformed' && current.lines.length === 1 ? AFTER_QUOTE : NEVER_CLOSES);
      }
    }
  };
  return { push: (text) => read(reader.push(text), false), end: () => read(reader.end(), true) };
}

export const TOO_LONG = `is longer than ${MAX_ROW_CHARS / 1024} K characters`;
const NEVER_CLOSES = 'has a quote that is never closed';
const AFTER_QUOTE = 'has text after the quote that closes a field';

/** Rejects the line that a broken record began with, and puts the others back. */
function giveUp({ lines }: Record, waiting: Line[], rows: (Row | BadRow)[], reason: string): void {
  const [first, ...others] = lines;
  if (!first) return;
  rows.push(badRow(first.number, first.text, reason));
  for (const line of others.toReversed()) waiting.push(line);
}

function rowOf(line: Line, source: string, fields: readonly string[]): Row | BadRow {
  const fault = textRowFault(source);
  return fault ? badRow(line.number, source, fault) : { kind: 'row', line: line.number, source, cells: fields };
}

/** Reads one more line into a record. */
function takeLine(record: Record, line: Line, delimiter: string): Outcome {
  const { text } = line;
  record.lines.push(line);
  record.chars += text.length + 1;
  let at = 0;
  if (record.open !== undefined) {
    const after = takeQuoted(record, text, 0, `${record.open}\n`);
    if (after === undefined) return 'open';
    if (after < text.length && text[after] !== delimiter) return 'malformed';
    if (after >= text.length) return 'complete';
    at = after + 1;
  }
  for (;;) {
    if (text[at] === '"') {
      const after = takeQuoted(record, text, at + 1, '');
      if (after === undefined) return 'open';
      if (after >= text.length) return 'complete';
      if (text[after] !== delimiter) return 'malformed';
      at = after + 1;
    } else {
      const end = text.indexOf(delimiter, at);
      record.fields.push(end < 0 ? text.slice(at) : text.slice(at, end));
      if (end < 0) return 'complete';
      at = end + 1;
    }
  }
}

/** Reads a quoted field on, up to behind its closing quote. Gives nothing, and leaves the record open, where the line ends first. */
function takeQuoted(record: Record, text: string, from: number, before: string): number | undefined {
  let value = before;
  let start = from;
  for (;;) {
    const quote = text.indexOf('"', start);
    if (quote < 0) {
      record.open = value + text.slice(start);
      return undefined;
    }
    value += text.slice(start, quote);
    if (text[quote + 1] !== '"') {
      record.fields.push(value);
      record.open = undefined;
      return quote + 1;
    }
    value += '"';
    start = quote + 2;
  }
}
