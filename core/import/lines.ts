import { MAX_ROW_CHARS } from './rows.js';

/** A line without its end. Of one that is too long only the beginning is kept. */
export type Line = { readonly number: number; readonly text: string; readonly tooLong: boolean };

export type LineReader = { push(text: string): Line[]; end(): Line[] };

/** Cuts text that comes in pieces into lines, ended by LF or CR LF, and never holds more of a line than a row may have. */
export function createLineReader(): LineReader {
  let held = '';
  let tooLong = false;
  let number = 0;

  const take = (text: string): Line => {
    number += 1;
    const line = { number, text: text.endsWith('\r') ? text.slice(0, -1) : text, tooLong: tooLong || text.length > MAX_ROW_CHARS };
    tooLong = false;
    return line;
  };
  const hold = (rest: string): void => {
    if (held.length + rest.length <= MAX_ROW_CHARS) held += rest;
    else {
      held = (held + rest).slice(0, MAX_ROW_CHARS);
      tooLong = true;
    }
  };
  return {
    push(text) {
      const lines: Line[] = [];
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        const piece = text.slice(start, end);
        start = end + 1;
        lines.push(take(held === '' ? piece : held + piece));
        held = '';
      }
      hold(text.slice(start));
      return lines;
    },
    end() {
      const last = held;
      held = '';
      return last === '' ? [] : [take(last)];
    },
  };
}
