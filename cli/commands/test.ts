import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { argument } from '../arguments.js';

type TenantOption = { readonly tenant: TenantId };

const EXAMPLES = `
Examples:
  madansara test create --tenant $T --file welcome.json      # the body of POST /v1/tests; prints the plan
  madansara test start test_0123456789abcdef0123 --tenant $T --accept-too-small
  madansara test show test_0123456789abcdef0123 --tenant $T

Whatever changes a test that was made needs a worker (\`madansara worker\`, or \`npm start\`).`;

export function addTestCommand(program: Command): void {
  const tests = program.command('test').description('A/B tests: design, start, watch, stop, extend, apply').addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    tests.command(name).description(description).requiredOption('--tenant <id>', 'whose tests they are', argument(parseTenantId));
  command('list', 'all tests, the latest first').action(async ({ tenant }: TenantOption) => (await import('../tests.js')).list(tenant));
  command('create', 'design a test and show its plan; nothing runs yet')
    .requiredOption('--file <path>', 'the design as JSON, as POST /v1/tests takes it')
    .action(async ({ tenant, file }: TenantOption & { readonly file: string }) =>
      (await import('../tests.js')).create(tenant, await readFile(file, 'utf8')),
    );
  command('show <test_id>', 'a test as its latest look sees it').action(async (testId: string, { tenant }: TenantOption) =>
    (await import('../tests.js')).show(tenant, testId),
  );
  command('start <test_id>', 'start a test')
    .option('--accept-too-small', 'although too few users can take part', false)
    .action(async (testId: string, { tenant, acceptTooSmall }: TenantOption & { readonly acceptTooSmall: boolean }) =>
      (await import('../tests.js')).change(tenant, testId, { kind: 'start', acceptTooSmall }),
    );
  command('stop <test_id>', 'stop a test: the control stays').action(async (testId: string, { tenant }: TenantOption) =>
    (await import('../tests.js')).change(tenant, testId, { kind: 'stop' }),
  );
  command('extend <test_id>', 'extend a test, at its price')
    .requiredOption('--days <days>', 'how many', argument(parseDays))
    .action(async (testId: string, { tenant, days }: TenantOption & { readonly days: number }) =>
      (await import('../tests.js')).change(tenant, testId, { kind: 'extend', days }),
    );
  command('apply <test_id>', 'make the winner the default of its template family')
    .option('--again', 'although it was rolled back', false)
    .action(async (testId: string, { tenant, again }: TenantOption & { readonly again: boolean }) =>
      (await import('../tests.js')).change(tenant, testId, { kind: 'apply', again }),
    );
  command('rollback <test_id>', 'bring back what was the default before').action(async (testId: string, { tenant }: TenantOption) =>
    (await import('../tests.js')).change(tenant, testId, { kind: 'rollback' }),
  );
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!(Number.isSafeInteger(days) && days >= 1 && days <= 180)) throw new RangeError('1 to 180 whole days are expected');
  return days;
}
