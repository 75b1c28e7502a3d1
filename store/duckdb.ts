import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';

export type DuckDbOptions = {
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** Where it spills what does not fit; made when needed. */
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

export async function openDuckDb({ memoryMegabytes, threads, temporaryDirectory }: DuckDbOptions): Promise<DuckDb> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMegabytes}MB`,
    threads: String(threads),
    temp_directory: temporaryDirectory,
    // What is not built in would be downloaded.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  return {
    async session(work) {
      const connection = await instance.connect();
      try {
        await connection.run(`set timezone = 'UTC'`);
        return await work(sessionOf(connection));
      } finally {
        connection.closeSync();
      }
    },
    close: () => instance.closeSync(),
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
