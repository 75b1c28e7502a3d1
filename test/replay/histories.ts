import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../config.js';

/** `<workflow type>.<what happened>.json`: what Temporal kept of runs of older code, which newer code must still be able to replay. */
export const historiesFolder = join(projectRoot, 'test', 'replay', 'histories');

export const historyFiles = (): string[] =>
  readdirSync(historiesFolder)
    .filter((name) => name.endsWith('.json'))
    .sort();
