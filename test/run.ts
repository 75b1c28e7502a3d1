import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../config.js';
import { startPostgres } from '../sandbox/postgres.js';
import { startRedis, type RedisServer } from '../sandbox/redis.js';
import { startS3 } from '../sandbox/s3.js';
import { startTemporal } from '../sandbox/temporal.js';
import { nodeTestArguments, testFiles } from './files.js';
import { temporaryFolder } from './harness/folder.js';
import { everythingRequired } from './harness/needs.js';
import { temporalNamespace } from './harness/temporal.js';
import { runOnNode24 } from './node24.js';

/** Everything that proves the product works: real servers, started once and shared by the test files, which run side by side. */
const recording = process.argv.includes('--record-histories');
const onlyNode24 = process.argv.includes('--only-node24');
const patterns = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const files = testFiles(patterns);
if (files.length === 0) {
  console.error(`no test file matches ${patterns.join(' ')}`);
  process.exit(1);
}

const recorder = join(projectRoot, 'dist', 'test', 'replay', 'record.js');
const folder = temporaryFolder('test');
const say = (line: string) => console.error(line);
const environment = process.env;
const stops: (() => Promise<void>)[] = [];
let code = 1;
try {
  say('starting PostgreSQL, Temporal, an S3 server and Redis for the tests …');
  const postgres = await startPostgres({ directory: join(folder, 'postgres'), settings: { max_connections: '300', fsync: 'off' } });
  stops.push(postgres.stop);
  const temporal = await startTemporal({ directory: join(folder, 'temporal'), namespace: temporalNamespace, environment, say });
  stops.push(temporal.stop);
  const s3 = await startS3({ directory: join(folder, 's3'), environment, say }).catch((error: unknown) => {
    if (everythingRequired) throw error;
    say(`tests of S3 are skipped: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  if (s3) stops.push(s3.stop);
  const redis = await findRedis().catch((error: unknown) => {
    if (everythingRequired) throw error;
    say(`tests of Redis are skipped: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  if (redis) stops.push(redis.stop);
  const servers = {
    ...(redis && { TEST_REDIS_URL: redis.url }),
    TEST_DATABASE_URL: postgres.url,
    TEST_TEMPORAL_ADDRESS: temporal.address,
    ...(s3 && { TEST_S3_ENDPOINT: s3.endpoint, TEST_S3_ACCESS_KEY_ID: s3.accessKeyId, TEST_S3_SECRET_ACCESS_KEY: s3.secretAccessKey }),
  };
  if (!onlyNode24) say(recording ? 'recording the histories of workflows' : `running ${files.length} test files`);
  code = onlyNode24 ? 0 : await run(process.execPath, recording ? ['--enable-source-maps', recorder] : nodeTestArguments(files), servers);
  if (code === 0 && patterns.length === 0 && !recording) code = await runOnNode24((program, args) => run(program, args, servers), say);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
} finally {
  await Promise.all(stops.map((stop) => stop()));
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);

/** One that TEST_REDIS_URL names is somebody's, and stays. */
async function findRedis(): Promise<Pick<RedisServer, 'url' | 'stop'>> {
  const { TEST_REDIS_URL: url } = environment;
  return url ? { url, stop: () => Promise.resolve() } : startRedis({ directory: join(folder, 'redis'), environment, say });
}

function run(program: string, args: readonly string[], servers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...servers } });
    process.once('SIGINT', () => child.kill('SIGINT'));
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
}
