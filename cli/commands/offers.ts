import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { parseCodePattern } from '../../core/offer/code-pattern.js';
import { argument, parseName } from '../arguments.js';

type TenantOption = { readonly tenant: TenantId };
type Words = {
  readonly type?: string;
  readonly value?: number;
  readonly unit?: string;
  readonly expiryDays?: number;
  readonly label?: string;
};

const EXAMPLES = `
Examples:
  madansara offers create spring --value 20 --unit percent --expiry-days 7 --pattern SPRING-######## --tenant $T
  madansara offers make spring 10000 --tenant $T        # codes until there are 10,000 in all
  madansara offers upload spring codes.txt --tenant $T  # or those of the shop, one a line
  madansara offers export spring --tenant $T            # all codes, one a line, for the shop
  madansara offers show spring --tenant $T              # how many are free, given, redeemed

A step of a campaign names it: "offer": {"offer_id": "spring"}.`;

export function addOffersCommand(program: Command): void {
  const offers = program
    .command('offers')
    .description('what people are offered, and the codes of which each gets one')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    offers.command(name).description(description).requiredOption('--tenant <id>', 'whose offers they are', argument(parseTenantId));
  const load = () => import('../offers.js');
  command('create <offer_id>', 'make an offer; the same again changes nothing')
    .option('--type <type>', 'such as free_shipping; discount, when absent', argument(parseName))
    .option('--value <number>', 'how much', argument(parseNumber))
    .option('--unit <unit>', 'percent, or a currency')
    .option('--expiry-days <days>', 'how long a code holds after somebody was given it', argument(parseNumber))
    .option('--label <words>', 'the offer in words, where value and unit do not say it', argument(parseName))
    .option('--pattern <pattern>', 'of codes that are made: each # is drawn', argument(parseCodePattern))
    .action(async (offerId: string, { tenant, pattern, expiryDays, ...words }: TenantOption & Words & { readonly pattern?: string }) =>
      (await load()).create(tenant, offerId, { ...words, ...(expiryDays !== undefined && { expiry_days: expiryDays }), pattern }),
    );
  command('list', 'all offers, the latest first').action(async ({ tenant }: TenantOption) => (await load()).list(tenant));
  command('show <offer_id>', 'how many of its codes are free, given and redeemed').action(
    async (offerId: string, { tenant }: TenantOption) => (await load()).show(tenant, offerId),
  );
  command('upload <offer_id> <file>', 'add codes, one a line; those that are left out are named').action(
    async (offerId: string, file: string, { tenant }: TenantOption) => (await load()).upload(tenant, offerId, await readFile(file, 'utf8')),
  );
  command('make <offer_id>', 'make codes by its pattern')
    .argument('<in_all>', 'how many it is to have in all', argument(parseNumber))
    .action(async (offerId: string, inAll: number, { tenant }: TenantOption) => (await load()).make(tenant, offerId, inAll));
  command('export <offer_id>', 'all codes, one a line').action(async (offerId: string, { tenant }: TenantOption) =>
    (await load()).exportCodes(tenant, offerId),
  );
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new RangeError('a number is expected');
  return number;
}
