import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRowReader } from '../../../core/import/reading.js';
import { formatOf, MAX_ROW_CHARS, type FileForm } from '../../../core/import/rows.js';

const csv: FileForm = { format: 'csv', header: true };

/** What a reader makes of a text that comes in pieces of so many characters. */
function read(text: string, form: FileForm = csv, pieceChars = Infinity): (readonly string[] | string)[] {
  const reader = createRowReader(form);
  const rows = [];
  for (let at = 0; at < text.length; at += pieceChars) rows.push(...reader.push(text.slice(at, at + pieceChars)));
  rows.push(...reader.end());
  return rows.map((row) => (row.kind === 'bad' ? `line ${row.line} ${row.reason}` : (row.cells as readonly string[])));
}

describe('the reader of CSV', () => {
  it('reads quotes, doubled quotes, delimiters and line ends within them, and CR LF', () => {
    assert.deepEqual(read('a,b\r\n"x, ""y""","line 1\nline 2"\r\n,\r\n'), [
      ['a', 'b'],
      ['x, "y"', 'line 1\nline 2'],
      ['', ''],
    ]);
  });

  it('takes a quote inside a field that does not begin with one as it stands', () => {
    assert.deepEqual(read('5" disk,3\n'), [['5" disk', '3']]);
  });

  it('reads a last line without an end, and leaves out empty lines', () => {
    assert.deepEqual(read('a\n\n\nb'), [['a'], ['b']]);
  });

  it('loses one line and no more to a quote that never closes', () => {
    assert.deepEqual(read('a,b\n1,"open\n2,x\n3,y\n'), [['a', 'b'], 'line 2 has a quote that is never closed', ['2', 'x'], ['3', 'y']]);
  });

  it('says where text follows the quote that closes a field', () => {
    assert.deepEqual(read('"a"b,c\nd,e\n'), ['line 1 has text after the quote that closes a field', ['d', 'e']]);
  });

  it('refuses a row that is too long, and reads on behind it', () => {
    const long = 'x'.repeat(MAX_ROW_CHARS * 3);
    for (const pieceChars of [1_000, Infinity]) {
      assert.deepEqual(read(`a\n${long}\nb\n"${long}\nc`, csv, pieceChars), [
        ['a'],
        'line 2 is longer than 128 K characters',
        ['b'],
        'line 4 is longer than 128 K characters',
        ['c'],
      ]);
    }
  });

  it('does not wait for a closing quote longer than a row may be', () => {
    const rows = read(`"open\n${'line\n'.repeat(100_000)}`);
    assert.equal(rows[0], 'line 1 has a quote that is never closed');
    assert.equal(rows.length, 100_001);
  });

  it('refuses what is not in the encoding of the file', () => {
    assert.match(String(read('caf\uFFFD,1\n')[0]), /^line 1 holds bytes that are not in the encoding/);
  });

  it('reads back what was written, however the text is cut into pieces', () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', '\\'), maxLength: 6 });
    const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), (written, pieceChars) => {
        const text = written.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        assert.deepEqual(read(text, csv, pieceChars), written);
      }),
    );
  });

  it('never fails, and gives every line to some row, whatever it is fed', () => {
    const hostile = fc.string({ unit: fc.constantFrom('a', '"', '"', ',', '\n', '\r', '\0'), maxLength: 60 });
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 7 }), (text, pieceChars) => assert.deepEqual(read(text, csv, pieceChars), read(text))),
    );
  });
});

describe('the readers of other formats', () => {
  it('divide by tabs, and by another character than the comma', () => {
    assert.deepEqual(read('a\tb, c\n', { format: 'tsv', header: true }), [['a', 'b, c']]);
    assert.deepEqual(read('a;"b;c"\n', { ...csv, delimiter: ';' }), [['a', 'b;c']]);
  });

  it('divide columns of text by any white space, and do not take that at the ends for a column', () => {
    assert.deepEqual(read('  00001 19970101  1   11.77\r\n', { format: 'columns', header: false }), [['00001', '19970101', '1', '11.77']]);
  });

  it('read one JSON object a line, and say what is none', () => {
    const rows = read('{"a":1}\nnope\n[1]\n{"__proto__":{"x":1}}\n', { format: 'ndjson', header: false });
    assert.deepEqual(rows.slice(0, 3), [{ a: 1 }, 'line 2 is not JSON', 'line 3 is not a JSON object']);
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

describe('the format of a file', () => {
  it('is told by its name, or asked for', () => {
    assert.equal(formatOf('/x/Orders.CSV'), 'csv');
    assert.equal(formatOf('log.jsonl'), 'ndjson');
    assert.throws(() => formatOf('CDNOW_master.txt'), /--format csv, tsv, ndjson or columns/);
  });
});
