import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { argument } from '../arguments.js';

type TenantOption = { readonly tenant: TenantId };

const EXAMPLES = `
Examples:
  madansara reply-rules list --tenant $T
  madansara reply-rules put hours.json --tenant $T              # adds it: the body of POST /v1/reply-rules
  madansara reply-rules put hours.json --rule 3 --tenant $T     # says anew what rule 3 is
  madansara reply-rules off 3 --tenant $T`;

export function addReplyRulesCommand(program: Command): void {
  const rules = program
    .command('reply-rules')
    .description('what is answered to replies by SMS and WhatsApp without a person')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    rules.command(name).description(description).requiredOption('--tenant <id>', 'whose rules they are', argument(parseTenantId));
  command('list', 'all rules').action(async ({ tenant }: TenantOption) => (await import('../reply-rules.js')).list(tenant));
  command('put', 'add a rule, or say anew what one is')
    .argument('<file>', 'JSON')
    .option('--rule <number>', 'the rule that is changed', argument(parseRuleNumber))
    .action(async (file: string, { tenant, rule }: TenantOption & { readonly rule?: number }) =>
      (await import('../reply-rules.js')).put(tenant, { text: await readFile(file, 'utf8'), rule }),
    );
  for (const [name, active] of [
    ['on', true],
    ['off', false],
  ] as const) {
    command(name, `switch a rule ${name}`)
      .argument('<rule>', 'its number', argument(parseRuleNumber))
      .action(async (rule: number, { tenant }: TenantOption) => (await import('../reply-rules.js')).toggle(tenant, { rule, active }));
  }
}

function parseRuleNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new RangeError('the number of a rule is expected');
  return Number(text);
}
