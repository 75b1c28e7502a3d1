import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const LINES_AT_ONCE = 5_000;

/** Writes so many lines to a file, a block at a time. */
export async function writeLines(path: string, count: number, line: (index: number) => string): Promise<void> {
  function* blocks() {
    for (let start = 0; start < count; start += LINES_AT_ONCE) {
      let block = '';
      for (let i = start; i < Math.min(count, start + LINES_AT_ONCE); i++) block += `${line(i)}\n`;
      yield block;
    }
  }
  await pipeline(Readable.from(blocks()), createWriteStream(path));
}
