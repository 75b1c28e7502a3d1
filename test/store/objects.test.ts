import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { openLocalCopies } from '../../store/local-copies.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import { temporaryFolder } from '../harness/folder.js';
import { testS3Config, withoutS3 } from '../harness/s3.js';

const folder = temporaryFolder('objects');

const kinds = [
  { name: 'a directory', skip: false, open: () => openObjectStore({ kind: 'directory', directory: join(folder, 'root') }) },
  { name: 'an S3 server', skip: withoutS3, open: () => openObjectStore(testS3Config()) },
] as const;

for (const { name, skip, open } of kinds) {
  describe(`objects in ${name}`, { skip }, () => {
    let objects: ObjectStore;
    before(() => void (objects = open()));

    it('come back byte for byte', async () => {
      const bytes = randomBytes(2_000_000);
      assert.equal(await objects.put('t/bytes.bin', bytes), 'stored');
      assert.ok((await objects.get('t/bytes.bin'))?.equals(bytes));
      await objects.put('t/text.json', 'Grüße, 世界 🎯');
      assert.equal((await objects.get('t/text.json'))?.toString('utf8'), 'Grüße, 世界 🎯');
    });

    it('that are not there are undefined, and may be deleted', async () => {
      assert.equal(await objects.get('t/none'), undefined);
      await objects.delete('t/none');
    });

    it('are replaced whole', async () => {
      await objects.put('t/replaced', 'a long first body');
      await objects.put('t/replaced', 'b');
      assert.equal((await objects.get('t/replaced'))?.toString(), 'b');
    });

    it('stay as they are when they must be absent and are not', async () => {
      assert.equal(await objects.put('t/once', 'first', { ifAbsent: true }), 'stored');
      assert.equal(await objects.put('t/once', 'second', { ifAbsent: true }), 'exists');
      assert.equal((await objects.get('t/once'))?.toString(), 'first');
    });

    // The S3 server of the sandbox looks first and writes afterwards; Amazon's does both at once. A directory is ours to get right.
    const isOurs = name === 'a directory';
    if (isOurs)
      it('are put only once by many at the same time', async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => objects.put('t/race', `writer ${i}`, { ifAbsent: true })));
        assert.equal(answers.filter((answer) => answer === 'stored').length, 1);
        assert.equal((await objects.get('t/race'))?.toString(), `writer ${answers.indexOf('stored')}`);
      });

    it('are listed by prefix, in the order of their keys', async () => {
      for (const key of ['l/b/2', 'l/a/1', 'l/b/1', 'l/bb', 'lx']) await objects.put(key, key);
      assert.deepEqual(await objects.list('l/'), ['l/a/1', 'l/b/1', 'l/b/2', 'l/bb']);
      assert.deepEqual(await objects.list('l/b'), ['l/b/1', 'l/b/2', 'l/bb']);
      assert.deepEqual(await objects.list('nothing/'), []);
      await objects.delete('l/b/1');
      assert.deepEqual(await objects.list('l/b/'), ['l/b/2']);
    });

    it('travel from a file and to a file', async () => {
      const from = join(folder, 'from');
      const to = join(folder, `to-${name.length}`);
      await writeFile(from, randomBytes(300_000));
      await objects.putFile('t/file', from);
      await objects.getToFile('t/file', to);
      assert.ok((await readFile(to)).equals(await readFile(from)));
      await assert.rejects(objects.getToFile('t/no-file', to));
    });

    it('cannot be named outside the store', async () => {
      for (const key of ['../x', '/x', 'a//b', 'a/../b', 'a/./b', '', 'a/', '.hidden', 'a\\b', 'a\0b', 'x'.repeat(1000)]) {
        await assert.rejects(async () => objects.put(key, 'x'), RangeError, JSON.stringify(key));
      }
    });

    it('say where a person finds them', async () => {
      assert.match(objects.locate('t/where.json'), /t\/where\.json$/);
    });
  });
}

describe('local copies of objects that are elsewhere', () => {
  /** A store that keeps no files on this machine, and counts what is fetched. */
  function elsewhere() {
    const { filePath: _, ...objects } = openObjectStore({ kind: 'directory', directory: join(folder, 'far') });
    const fetched: string[] = [];
    const store: ObjectStore = {
      ...objects,
      getToFile: (key, path) => {
        fetched.push(key);
        return objects.getToFile(key, path);
      },
    };
    return { store, fetched };
  }

  it('are fetched once, also when asked for side by side', async () => {
    const { store, fetched } = elsewhere();
    await store.put('p/one', 'one');
    const copies = openLocalCopies(store, join(folder, 'copies'), 1e6);
    const paths = await Promise.all([copies.path('p/one'), copies.path('p/one'), copies.path('p/one')]);
    assert.equal(new Set(paths).size, 1);
    assert.equal(await readFile(paths[0] ?? '', 'utf8'), 'one');
    assert.equal(await copies.path('p/one'), paths[0]);
    assert.deepEqual(fetched, ['p/one']);
  });

  it('do not grow above their limit, save for what is in use', async () => {
    const { store } = elsewhere();
    const directory = join(folder, 'bounded');
    const copies = openLocalCopies(store, directory, 250);
    for (let i = 0; i < 6; i++) {
      await store.put(`p/${i}`, 'x'.repeat(100));
      await usedLast(await copies.path(`p/${i}`), 3_600_000 - i);
    }
    assert.ok((await readdir(directory)).length <= 3);
    for (let i = 0; i < 6; i++) await copies.path(`p/${i}`);
    assert.equal((await readdir(directory)).length, 6, 'all of them were asked for just now');
  });

  it('go after a day without use, however much room there is', async () => {
    const { store } = elsewhere();
    const directory = join(folder, 'stale');
    await store.put('p/old', 'of somebody who was deleted');
    await store.put('p/new', 'new');
    const old = await openLocalCopies(store, directory, 1e6).path('p/old');
    await usedLast(old, 25 * 3_600_000);
    await openLocalCopies(store, directory, 1e6).path('p/new');
    assert.equal((await readdir(directory)).length, 1);
  });

  it('are whole for every process that shares their folder', async () => {
    const { store } = elsewhere();
    const directory = join(folder, 'shared');
    const bodies = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const body = randomBytes(50_000 + i);
        await store.put(`p/shared-${i}`, body);
        return body;
      }),
    );
    const processes = [1, 2, 3].map(() => openLocalCopies(store, directory, 200_000));
    await Promise.all(
      processes.map(async (copies) => {
        for (const [i, body] of bodies.entries()) assert.ok((await readFile(await copies.path(`p/shared-${i}`))).equals(body));
      }),
    );
    assert.ok((await readdir(directory)).every((name) => name.endsWith('.parquet')));
  });

  it('that broke off on the way leave nothing, and are fetched by the next who asks', async () => {
    const { store } = elsewhere();
    const directory = join(folder, 'broken');
    await store.put('p/broken', 'whole');
    let faults = 1;
    const failing: ObjectStore = {
      ...store,
      async getToFile(key, path) {
        if (faults-- <= 0) return store.getToFile(key, path);
        await writeFile(path, 'wh');
        throw new Error('the connection was reset');
      },
    };
    const copies = openLocalCopies(failing, directory, 1e6);
    await assert.rejects(copies.path('p/broken'), /reset/);
    assert.deepEqual(await readdir(directory), []);
    assert.equal(await readFile(await copies.path('p/broken'), 'utf8'), 'whole');
  });
});

async function usedLast(path: string, msAgo: number): Promise<void> {
  const at = new Date(Date.now() - msAgo);
  await utimes(path, at, at);
}
