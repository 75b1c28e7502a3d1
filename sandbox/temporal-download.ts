import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder, isThere } from './cache.js';

export const DOWNLOADS = 'https://temporal.download';
const CONNECT_TIMEOUT_MS = 5_000;

/** The file names are the SDK's. */
const PROGRAMS = { server: 'temporal-sdk-typescript-1.24.0', testServer: 'temporal-test-server-sdk-typescript-1.24.0' } as const;

/** The SDK fetches and keeps it. Asked first whether the place can be reached at all, which takes five seconds at most. */
export async function downloadTemporal(
  which: keyof typeof PROGRAMS,
  environment: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<string> {
  const downloadDir = join(cacheFolder(environment), 'downloaded');
  const path = join(downloadDir, PROGRAMS[which]);
  if (await isThere(path)) return path;
  say(`Temporal: asking ${DOWNLOADS} …`);
  await fetch(DOWNLOADS, { method: 'HEAD', signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  await mkdir(downloadDir, { recursive: true });
  const executable = { type: 'cached-download', downloadDir, ttl: '3650d' } as const;
  const once =
    which === 'server'
      ? await TestWorkflowEnvironment.createLocal({ server: { executable } })
      : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await once.teardown();
  if (!(await isThere(path))) throw new Error('the download is not where it was expected');
  return path;
}
