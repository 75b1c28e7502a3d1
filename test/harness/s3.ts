import { randomUUID } from 'node:crypto';
import type { ObjectStoreConfig } from '../../config.js';
import { skipWithout } from './needs.js';

const endpoint = process.env.TEST_S3_ENDPOINT;

/** Give this to `skip`: without an S3 server there is nothing to test against. */
export const withoutS3 = skipWithout(endpoint, 'no S3 server: TEST_S3_ENDPOINT is not set');

/** A bucket that nobody else has. */
export const testS3Config = (): Extract<ObjectStoreConfig, { kind: 's3' }> => ({
  kind: 's3',
  bucket: `test-${randomUUID()}`,
  region: 'us-east-1',
  endpoint: endpoint ?? '',
  accessKeyId: process.env.TEST_S3_ACCESS_KEY_ID ?? '',
  secretAccessKey: process.env.TEST_S3_SECRET_ACCESS_KEY ?? '',
});
