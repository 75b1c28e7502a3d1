import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Connection } from '@temporalio/client';
import { isAlive } from '../../sandbox/processes.js';
import { findTemporal, startTemporal } from '../../sandbox/temporal.js';
import { setUpTemporal } from '../../temporal-config/setup.js';
import { searchAttributes } from '../../workflows/search-attributes.js';
import { temporaryFolder } from '../harness/folder.js';

const folder = temporaryFolder('temporal');
const say = () => undefined;

describe('a Temporal of our own', () => {
  it('answers with its namespace, its search attributes and its pages, and ends when told to', async () => {
    const server = await startTemporal({ directory: join(folder, 'with spaces in it'), namespace: 'ours', environment: process.env, say });
    const connection = await Connection.connect({ address: server.address });
    await Promise.all([1, 2, 3].map(() => setUpTemporal(connection, 'ours'))); // harmless when repeated
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'ours' });
    for (const { name } of searchAttributes) assert.ok(customAttributes && name in customAttributes, name);
    assert.equal((await fetch(server.uiUrl)).status, 200);
    await connection.close();
    await server.stop();
    assert.ok(!isAlive(server.pid));
  });

  it('that is nowhere to be found is an error which names each try and what to install', async () => {
    const lines: string[] = [];
    const empty = { PATH: join(folder, 'no programs here'), XDG_CACHE_HOME: join(folder, 'empty cache') };
    const path = process.env.PATH;
    process.env.PATH = empty.PATH; // no Go either
    try {
      await assert.rejects(
        findTemporal(empty, (line) => lines.push(line)),
        (error: Error) => {
          for (const told of [
            /not?.*`temporal` on the PATH/,
            /none built earlier/,
            /not downloaded/,
            /Go is not installed/,
            /TEMPORAL_ADDRESS/,
          ]) {
            assert.match(error.message, told);
          }
          return true;
        },
      );
    } finally {
      process.env.PATH = path;
    }
    assert.ok(
      lines.some((line) => /asking/.test(line)),
      'each try is announced',
    );
  });
});
