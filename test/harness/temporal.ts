import { Client, Connection } from '@temporalio/client';
import { setUpTemporal } from '../../temporal-config/setup.js';
import { waitUntil } from '../../sandbox/processes.js';

/** The server that the test run started, or one that runs for development. */
export const temporalAddress = process.env.TEST_TEMPORAL_ADDRESS ?? '127.0.0.1:7233';
export const temporalNamespace = 'test';

export type TestTemporal = { readonly client: Client; readonly connection: Connection; close(): Promise<void> };

/** A namespace of its own for a test file: files run beside each other on one server, and their workers must not share tasks. */
export async function connectTestTemporal(namespace: string, address = temporalAddress): Promise<TestTemporal> {
  const connection = await Connection.connect({ address });
  await setUpTemporal(connection, namespace);
  const client = new Client({ connection, namespace });
  // A new namespace is known to all parts of the server after a moment.
  const isKnown = () =>
    client.workflow.count().then(
      () => true,
      () => false,
    );
  if (!(await waitUntil(isKnown, 30_000, 200))) throw new Error(`the namespace ${namespace} did not come up within half a minute`);
  return { client, connection, close: () => connection.close() };
}
