import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { DomainError } from '../../core/errors.js';
import { safePrefix } from '../../core/event/json.js';
import { MAX_SOURCE_CHARS } from '../../core/import/rows.js';

export type Rejection = { readonly line: number; readonly reason: string; readonly source: string };

export type Rejects = {
  readonly count: number;
  /** The first few, to be shown. */
  readonly first: readonly Rejection[];
  add(rejection: Rejection): Promise<void>;
  close(): Promise<void>;
};

const SHOWN = 5;

/** Rows that could not be imported: counted and, where there is a path, written to a CSV file, which is made with the first of them. */
export function openRejects(path?: string): Rejects {
  const first: Rejection[] = [];
  let count = 0;
  let file: WriteStream | undefined;
  return {
    get count() {
      return count;
    },
    first,
    async add(rejection) {
      count += 1;
      if (first.length < SHOWN) first.push(rejection);
      if (path === undefined) return;
      file ??= await create(path);
      if (!file.write(lineOf(rejection))) await once(file, 'drain');
    },
    async close() {
      if (!file) return;
      file.end();
      await finished(file);
    },
  };
}

async function create(path: string): Promise<WriteStream> {
  const file = createWriteStream(path);
  try {
    await once(file, 'open');
  } catch (cause) {
    throw new DomainError('invalid', `the rejected rows cannot be written to ${path} (--rejects names another file)`, { cause });
  }
  file.write('line,reason,row\n');
  return file;
}

function lineOf({ line, reason, source }: Rejection): string {
  return `${line},${quoted(reason)},${quoted(safePrefix(source, MAX_SOURCE_CHARS))}\n`;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
