import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../config.js';
import { cacheFolder, makeOnce, writeProgram } from './cache.js';

const run = promisify(execFile);
const VERSION = '1.38.0';

/**
 * A program that starts Temporal's time-skipping test server, for `createTimeSkipping({ server: { executable: { type:
 * 'existing-path', path } } })`. Brought by Maven, once a machine; throws a sentence that says what to install.
 */
export async function findTestServer(environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(environment), `temporal-test-server-${VERSION}`);
  const fetchJars = async (unfinished: string) => {
    say('fetching the time-skipping test server with Maven; this is done once …');
    await mkdir(unfinished, { recursive: true });
    await copyFile(join(projectRoot, 'temporal-config', 'test-server', 'pom.xml'), join(unfinished, 'pom.xml'));
    const goals = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(unfinished, 'lib')}`];
    await run('mvn', goals, { cwd: unfinished }).catch((cause: unknown) => {
      throw new Error(
        `the time-skipping test server needs Maven and Java 17: ${cause instanceof Error ? cause.message.slice(0, 400) : String(cause)}`,
        { cause },
      );
    });
    await writeProgram(
      join(unfinished, 'server'),
      '#!/bin/sh\nexec java -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"\n',
    );
  };
  await makeOnce(folder, fetchJars, () => say('another command is fetching the test server; waiting for it …'));
  return join(folder, 'server');
}
