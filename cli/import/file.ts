import { open, stat } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { DomainError } from '../../core/errors.js';
import type { Columns } from '../../core/import/columns.js';
import { createRowReader } from '../../core/import/reading.js';
import type { BadRow, Cells, FileForm, Row } from '../../core/import/rows.js';

export type SourceFile = FileForm & {
  readonly path: string;
  /** A label of the Encoding Standard, as windows-1252; absent: UTF-8, or what the file's first bytes say. */
  readonly encoding?: string;
};

/** Some rows in the file's order, without the header, and how far in the file they end. */
export type Piece = { readonly rows: readonly (Row | BadRow)[]; readonly columns: Columns; readonly bytesRead: number };

const READ_BYTES = 1 << 16;

export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new DomainError('not_found', missing ? `there is no file ${path}` : `${path} cannot be read`, { cause });
  });
  if (found.isDirectory()) throw new DomainError('invalid', `${path} is a folder; a file is expected`);
  return found.size;
}

/** Reads a file from its beginning to its end, a piece at a time. */
export async function* readFile(source: SourceFile): AsyncGenerator<Piece> {
  const reader = createRowReader(source);
  let columns: Columns | undefined;
  let bytesRead = 0;
  const pieceOf = (read: readonly (Row | BadRow)[]): Piece | undefined => {
    const [first, ...others] = read;
    if (!first) return undefined;
    if (columns) return { rows: read, columns, bytesRead };
    columns = columnsOf(first, source);
    return { rows: columns.kind === 'named' ? others : read, columns, bytesRead };
  };
  for await (const { text, bytes } of readText(source)) {
    bytesRead += bytes;
    const piece = pieceOf(reader.push(text));
    if (piece) yield piece;
  }
  const last = pieceOf(reader.end());
  if (last) yield last;
  if (!columns) throw new DomainError('invalid', `${source.path} is empty`);
}

async function* readText({ path, encoding }: SourceFile): AsyncGenerator<{ readonly text: string; readonly bytes: number }> {
  const file = await open(path).catch((cause: unknown) => {
    throw new DomainError('not_found', `${path} cannot be read`, { cause });
  });
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let decoder: TextDecoder | undefined;
    for (;;) {
      const { bytesRead: bytes } = await file.read(buffer, 0, READ_BYTES);
      const read = buffer.subarray(0, bytes);
      decoder ??= decoderFor(encoding ?? encodingByMark(read));
      const text = decoder.decode(read, { stream: bytes > 0 });
      if (text !== '') yield { text, bytes };
      if (bytes === 0) return;
    }
  } finally {
    await file.close();
  }
}

function encodingByMark(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

function decoderFor(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch (cause) {
    throw new DomainError('invalid', `--encoding ${encoding} is not known (a name like utf-8 or windows-1252 is expected)`, { cause });
  }
}

/** The columns that the first row tells. */
function columnsOf(first: Row | BadRow, { format, header, path }: SourceFile): Columns {
  if (format === 'ndjson') return { kind: 'objects' };
  if (first.kind === 'bad') {
    if (!header) throw new DomainError('invalid', `the first row of ${path} ${first.reason}: how many columns there are cannot be told`);
    throw new DomainError('invalid', `the header of ${path} ${first.reason}`);
  }
  const names = namesOf(first.cells);
  return header ? { kind: 'named', names } : { kind: 'numbered', count: names.length };
}

const namesOf = (cells: Cells): string[] => (Array.isArray(cells) ? cells.map((name) => String(name).trim()) : []);
