import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { setUpTemporal } from '../../temporal-config/setup.js';

/** The server that the test run started, or one that runs for development. */
export const temporalAddress = process.env.TEST_TEMPORAL_ADDRESS ?? '127.0.0.1:7233';
export const temporalNamespace = 'test';

export type TestTemporal = {
  readonly client: Client;
  readonly connection: Connection;
  /** For workers, which speak through native code. */
  readonly nativeConnection: NativeConnection;
  /** Nobody else's: test files run beside each other on one server. */
  readonly taskQueue: string;
  close(): Promise<void>;
};

export async function connectTestTemporal(): Promise<TestTemporal> {
  const connection = await Connection.connect({ address: temporalAddress });
  await setUpTemporal(connection, temporalNamespace);
  const nativeConnection = await NativeConnection.connect({ address: temporalAddress });
  return {
    client: new Client({ connection, namespace: temporalNamespace }),
    connection,
    nativeConnection,
    taskQueue: `test-${randomUUID()}`,
    async close() {
      await nativeConnection.close();
      await connection.close();
    },
  };
}
