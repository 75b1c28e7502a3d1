import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildGoProgram, s3Server } from './go.js';
import { endLeftOver, freePort, isListening, startServer, waitUntil } from './processes.js';

export type S3Server = {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly pid: number;
  stop(): Promise<void>;
};

/** An S3 server over a directory, for tests and for laptops that want one. */
export async function startS3(options: {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}): Promise<S3Server> {
  const program = await buildGoProgram(s3Server, options.environment, (line) => options.say(`S3: ${line}`));
  const data = join(options.directory, 'data');
  const sidecar = join(options.directory, 'metadata'); // beside the files: not every file system keeps attributes
  await Promise.all([data, sidecar].map((folder) => mkdir(folder, { recursive: true })));
  const pidPath = join(options.directory, 's3.pid');
  await endLeftOver(pidPath);
  const port = await freePort();
  const keys = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox-secret' };
  const server = startServer(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', sidecar, data], {
    logPath: join(options.directory, 's3.log'),
    pidPath,
    env: { ...options.environment, ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
  });
  let over: string | undefined;
  void server.ended.then((sentence) => (over = sentence));
  await waitUntil(async () => over !== undefined || (await isListening(port)), 20_000);
  if (over !== undefined) throw new Error(`the S3 server did not start: ${over}`);
  return { endpoint: `http://127.0.0.1:${port}`, ...keys, pid: server.pid, stop: () => server.stop() };
}
