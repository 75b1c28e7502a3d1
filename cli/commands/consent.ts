import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseTopic } from '../../core/consent/consent.js';
import { parseTenantId, parseUserId, type TenantId, type UserId } from '../../core/ids.js';
import { argument } from '../arguments.js';

type TenantOption = { readonly tenant: TenantId };

const EXAMPLES = `
Examples:
  madansara consent show user-17 --tenant $T            # whether they may be written to, and what they said
  madansara consent policy --tenant $T                  # hours, caps and topics beside the law
  madansara consent policy policy.json --tenant $T      # sets them: the body of PUT /v1/sending-policy

What people say is recorded over HTTP (POST /v1/consent) or comes with an import.`;

export function addConsentCommand(program: Command): void {
  const consent = program
    .command('consent')
    .description('who may be written to, and when: consent, quiet hours, frequency caps')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    consent.command(name).description(description).requiredOption('--tenant <id>', 'whose people they are', argument(parseTenantId));
  command('show', 'whether a user may be written to on each channel, and all that they said')
    .argument('<user_id>', 'which user', argument(parseUserId))
    .option('--topic <topic>', 'about what', argument(parseTopic), 'marketing')
    .action(async (userId: UserId, { tenant, topic }: TenantOption & { readonly topic: string }) =>
      (await import('../consent.js')).show(tenant, userId, topic),
    );
  command('policy', 'show the hours, caps and topics of a tenant, or set them from a file')
    .argument('[file]', 'JSON; all of it is replaced')
    .action(async (file: string | undefined, { tenant }: TenantOption) =>
      (await import('../consent.js')).policy(tenant, file === undefined ? undefined : await readFile(file, 'utf8')),
    );
}
