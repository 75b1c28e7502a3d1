import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export type JournalOptions = {
  /** A line of JSON for each message is added to this file. */
  readonly path?: string;
  /** Also survives the machine; a written line survives any process without it. */
  readonly fsync?: boolean;
  readonly keepsBodies?: boolean;
};

/** What a journal must know of the messages that it keeps. */
export type Journaled<M> = {
  /** The token by which a message is counted. */
  readonly tokenOf: (message: M) => string | undefined;
  readonly withoutBody: (message: M) => M;
};

export type Journal<M> = ReturnType<typeof openJournalOf<M>>;

/** What was accepted: the truth about who was sent what, and how often. A message is in the file before its sender hears of it. */
export function openJournalOf<M>({ path, fsync = false, keepsBodies = true }: JournalOptions, { tokenOf, withoutBody }: Journaled<M>) {
  const messages: M[] = [];
  const byToken = new Map<string, M[]>();
  if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
  const file = path === undefined ? undefined : openSync(path, 'a');
  return {
    /** All messages of a request at once. */
    write(accepted: readonly M[]): void {
      const kept = keepsBodies ? accepted : accepted.map(withoutBody);
      if (file !== undefined) {
        writeWhole(file, kept.map((message) => `${JSON.stringify(message)}\n`).join(''));
        if (fsync) fsyncSync(file);
      }
      for (const message of kept) {
        messages.push(message);
        const token = tokenOf(message);
        if (token !== undefined) byToken.set(token, [...(byToken.get(token) ?? []), message]);
      }
    },
    all: (): readonly M[] => messages,
    byToken: (token: string): readonly M[] => byToken.get(token) ?? [],
    /** Tokens that were accepted more than once, and how often. */
    duplicates: (): ReadonlyMap<string, number> =>
      new Map([...byToken].filter(([, sent]) => sent.length > 1).map(([token, sent]) => [token, sent.length])),
    counts: () => ({ messages: messages.length, tokens: byToken.size }),
    close: () => file !== undefined && closeSync(file),
  };
}

/** A journal's file as a process that has ended left it. A line that it could not finish was never answered, and is left out. */
export function readJournalOf<M>(path: string): readonly M[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as M);
}

/** One write may take less than it was given. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}
