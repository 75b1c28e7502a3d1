import { z } from 'zod';
import { RequestProblem } from './errors.js';

/**
 * A cursor names the last row that was given, not how many were: rows that come or go meanwhile neither repeat nor hide others.
 * It is bound to its list by `list`.
 */
export function encodeCursor(list: string, position: string): string {
  return Buffer.from(JSON.stringify([list, position])).toString('base64url');
}

const Cursor = z.tuple([z.string(), z.string()]);

/** The position after which the next page begins; throws `invalid` for what this list never gave. */
export function decodeCursor<T>(list: string, cursor: string, parse: (position: string) => T): T {
  const [cursorList, position] = Cursor.safeParse(jsonOf(cursor)).data ?? [];
  try {
    if (cursorList === list && position !== undefined) return parse(position);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const message = 'a next_cursor that this list has given is expected';
  throw new RequestProblem('invalid', `query cursor: ${message}`, { faults: [{ in: 'query', path: 'cursor', message }] });
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Cuts a page out of one row more than was asked for, which tells whether there is another page. */
export function cutPage<T>(
  list: string,
  rows: readonly T[],
  limit: number,
  positionOf: (row: T) => string,
): { readonly items: readonly T[]; readonly next_cursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: rows.length > limit && last !== undefined ? encodeCursor(list, positionOf(last)) : null };
}
