import type { ObjectStoreConfig } from '../config.js';
import { openDirectory } from './objects/directory.js';
import { openS3 } from './objects/s3.js';

/**
 * Artifacts and the lake. A key is a path of one or more segments of letters, digits, `.`, `_`, `-` and `=`, divided by `/`.
 * Writers never leave half an object: it is there whole or not at all.
 */
export type ObjectStore = {
  /** The object's bytes; undefined where there is none. */
  get(key: string): Promise<Buffer | undefined>;
  /** With `ifAbsent`, an object that is already there stays as it is, and the answer says so: the store's compare-and-swap. */
  put(key: string, body: Uint8Array | string, options?: { readonly ifAbsent?: boolean }): Promise<'stored' | 'exists'>;
  putFile(key: string, path: string): Promise<void>;
  /** Writes the object to a local path. Fails where there is none. */
  getToFile(key: string, path: string): Promise<void>;
  /** All keys that begin with the prefix, in the order of their bytes. */
  list(prefix: string): Promise<string[]>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Where a person finds the object: a path or an s3:// address. */
  locate(key: string): string;
  /** The object's own file, where the store keeps files on this machine: nothing need be copied to read it. */
  readonly filePath?: (key: string) => string;
};

export function openObjectStore(config: ObjectStoreConfig): ObjectStore {
  return config.kind === 's3' ? openS3(config) : openDirectory(config.directory);
}
