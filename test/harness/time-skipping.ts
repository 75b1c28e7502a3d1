import { TestWorkflowEnvironment } from '@temporalio/testing';
import proto from '@temporalio/proto';
import { findTestServer } from '../../sandbox/temporal-test-server.js';
import { createWorkerLogger, installRuntime, temporalLogger } from '../../workers/logging.js';
import { searchAttributes } from '../../workflows/search-attributes.js';

/** The program of Temporal's time-skipping test server, or nothing where it cannot be had. */
export const findTimeSkippingServer = (): Promise<string | undefined> =>
  findTestServer(process.env, (line) => console.error(line)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  });

export const TIME_SKIPPING_NEEDS =
  "the time-skipping test server of Temporal cannot be had: Maven and Java 17, or the SDK's download, bring it";

/** A Temporal server whose clock jumps to the next timer when nothing is at work, with our search attributes. */
export async function startTimeSkipping(program: string): Promise<TestWorkflowEnvironment> {
  installRuntime(temporalLogger(createWorkerLogger('silent')));
  const environment = await createPatiently(program);
  const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(searchAttributes.map(({ name }) => [name, keyword])),
  });
  return environment;
}

/** The SDK gives the server five seconds, which Java needs by itself where other tests have the processors. */
async function createPatiently(program: string, attempts = 6): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: program } } });
  } catch (error) {
    if (attempts <= 1 || !String(error).includes('did not start within')) throw error;
    return createPatiently(program, attempts - 1);
  }
}
