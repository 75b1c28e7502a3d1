import { mkdir } from 'node:fs/promises';
import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';

export type DuckDbOptions = {
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** How many sessions may be open; one more waits its turn. Absent: any number. */
  readonly sessionsAtOnce?: number;
  /** Where it spills what does not fit; one instance alone may use it. */
  readonly temporaryDirectory: string;
};

/** One engine per process. Each session has its own temporary tables. */
export type DuckDb = {
  session<T>(work: (session: DuckDbSession) => Promise<T>): Promise<T>;
  close(): void;
};

export type DuckDbSession = {
  run(sql: string): Promise<void>;
  /** Small answers. Integers above 32 bits come as BigInt unless the query casts them to DOUBLE. */
  rows<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Large answers, some 2,000 rows at a time. */
  chunks(sql: string): AsyncGenerator<DuckDBDataChunk, void, undefined>;
};

export async function openDuckDb({ memoryMegabytes, threads, sessionsAtOnce, temporaryDirectory }: DuckDbOptions): Promise<DuckDb> {
  await mkdir(temporaryDirectory, { recursive: true }); // it makes no folder above its own
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMegabytes}MB`,
    threads: String(threads),
    temp_directory: temporaryDirectory,
    // What is not built in would be downloaded.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const turns = takingTurns(sessionsAtOnce ?? Number.POSITIVE_INFINITY);
  return {
    async session(work) {
      await turns.take();
      let connection: DuckDBConnection | undefined;
      try {
        connection = await instance.connect();
        await connection.run(`set timezone = 'UTC'`);
        return await work(sessionOf(connection));
      } finally {
        connection?.closeSync();
        turns.give();
      }
    },
    close: () => instance.closeSync(),
  };
}

/** Lets so many in at once, the others in the order in which they came. */
function takingTurns(most: number): { take(): Promise<void>; give(): void } {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return {
    async take() {
      if (taken >= most) await new Promise<void>((resolve) => waiting.push(resolve));
      else taken += 1;
    },
    give() {
      const next = waiting.shift();
      if (next) next();
      else taken -= 1;
    },
  };
}

function sessionOf(connection: DuckDBConnection): DuckDbSession {
  return {
    run: async (sql) => void (await connection.run(sql)),
    rows: async <Row extends Record<string, unknown>>(sql: string) =>
      (await connection.runAndReadAll(sql)).getRowObjectsJS() as unknown[] as Row[],
    async *chunks(sql) {
      const result = await connection.stream(sql);
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) yield chunk;
    },
  };
}

/** A text as SQL: paths and ids reach DuckDB inside statements. */
export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
