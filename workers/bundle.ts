import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';
import { projectRoot } from '../config.js';

const built = join(projectRoot, 'dist');
const bundlePath = join(built, 'workflow-bundle.js');
/** What workflows may import values from. */
const SOURCES = ['workflows', 'core'];

/** The bundle of all workflows: the one that was built before, unless the code has changed since. */
export async function workflowBundle(logger?: Logger): Promise<{ readonly codePath: string }> {
  if (!isCurrent()) await buildWorkflowBundle(logger);
  return { codePath: bundlePath };
}

/** Bundles the workflows for workers to load; takes some seconds. It appears whole, whoever else builds it at the same time. */
export async function buildWorkflowBundle(logger?: Logger): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(built, 'workflows', 'index.js'),
    ...(logger && { logger }),
  });
  await mkdir(built, { recursive: true });
  const unfinished = `${bundlePath}.${process.pid}`;
  await writeFile(unfinished, code);
  await rename(unfinished, bundlePath);
  return bundlePath;
}

function isCurrent(): boolean {
  if (!existsSync(bundlePath)) return false;
  const builtMs = statSync(bundlePath).mtimeMs;
  const files = SOURCES.flatMap((folder) =>
    readdirSync(join(built, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(built, folder, name)),
  );
  return [...files, join(projectRoot, 'package-lock.json')].every((path) => statSync(path).mtimeMs <= builtMs);
}
