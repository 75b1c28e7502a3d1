import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { projectRoot } from '../../config.js';
import { skipWithout } from './needs.js';

/** Public data sets that may be read but not copied into the product. */
const folder = resolve(projectRoot, process.env.MADANSARA_DATA_DIR ?? '../shared/data');

/** The path of a data set's file, and what to give to `skip` where it is absent. */
export function sharedData(path: string): { readonly path: string; readonly absent: string | false } {
  const found = join(folder, path);
  return {
    path: found,
    absent: skipWithout(existsSync(found) ? found : undefined, `${path} is not in ${folder}; MADANSARA_DATA_DIR names the folder`),
  };
}
