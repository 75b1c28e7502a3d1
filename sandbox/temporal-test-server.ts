import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../config.js';
import { cacheFolder, isThere, makeOnce, writeProgram } from './cache.js';
import { DOWNLOADS, downloadTemporal } from './temporal-download.js';

const run = promisify(execFile);
const VERSION = '1.38.0';

/**
 * A program that starts Temporal's time-skipping test server, for `createTimeSkipping({ server: { executable: { type:
 * 'existing-path', path } } })`: one fetched earlier, else the SDK's download, else what Maven brings. Throws a sentence that says
 * what to install.
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
  if (await isThere(folder)) return join(folder, 'server');
  try {
    return await downloadTemporal('testServer', environment, say);
  } catch (error) {
    say(`not downloaded from ${DOWNLOADS}: ${error instanceof Error ? error.message : String(error)}`);
  }
  await makeOnce(folder, fetchJars, () => say('another command is fetching the test server; waiting for it …'));
  return join(folder, 'server');
}
