import type { Command } from 'commander';
import { DomainError } from '../../core/errors.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { isScope, SCOPES, scopesFault, type Scope } from '../../core/scopes.js';
import { createApiKey, listApiKeys, revokeApiKey } from '../../db/queries/api-keys.js';
import { argument, parseName } from '../arguments.js';
import { withDatabase } from '../database.js';
import { tableLines } from '../table.js';
import { required } from './tenants.js';

const EXAMPLES = `
Examples:
  madansara keys create --tenant $T --name "web site" --scopes events:write
  madansara keys create --tenant $T --name dashboard --scopes read,walks:write
  madansara keys revoke key_0123456789abcdef --tenant $T

Scopes: ${SCOPES.join(', ')}. A key with events:write is a write key for the clients of Segment, and can do nothing else.`;

type TenantOption = { readonly tenant: TenantId };

export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description("the keys that let a tenant's systems in").addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    keys.command(name).description(description).requiredOption('--tenant <id>', 'whose keys they are', argument(parseTenantId));
  command('list', 'all keys of a tenant, revoked ones too').action(list);
  command('create', 'create a key and show it, this one time')
    .requiredOption('--name <name>', 'what it is for', argument(parseName))
    .requiredOption('--scopes <scopes>', 'what it may do, divided by commas', argument(scopes))
    .action(create);
  command('revoke', 'revoke a key for good, from the next request on')
    .argument('<key_id>', 'key_…, as `keys list` shows it')
    .action(revoke);
}

function list({ tenant }: TenantOption): Promise<void> {
  return withDatabase('keys', async (database) => {
    await required(database, tenant);
    const keys = await listApiKeys(database, tenant);
    if (keys.length === 0)
      return console.log('the tenant has no keys yet (`madansara keys create --tenant ID --name NAME --scopes SCOPES` makes one)');
    const rows = keys.map(({ keyId, name, scopes, createdAt, revokedAt }) => [
      keyId,
      scopes.join(','),
      createdAt.toISOString().slice(0, 10),
      revokedAt ? `revoked ${revokedAt.toISOString().slice(0, 10)}` : 'in force',
      name,
    ]);
    for (const line of tableLines([['key id', 'scopes', 'created', 'state', 'name'], ...rows])) console.log(line);
  });
}

function create({ tenant, name, scopes }: TenantOption & { readonly name: string; readonly scopes: readonly Scope[] }): Promise<void> {
  return withDatabase('keys', async (database) => {
    await required(database, tenant);
    const { key, keyId } = await createApiKey(database, tenant, { name, scopes });
    console.error(`${keyId} may ${scopes.join(', ')}. This is the key; it is not kept and cannot be shown again:`);
    console.log(key);
  });
}

function revoke(keyId: string, { tenant }: TenantOption): Promise<void> {
  return withDatabase('keys', async (database) => {
    await required(database, tenant);
    const revoked = await revokeApiKey(database, tenant, keyId);
    if (!revoked)
      throw new DomainError('not_found', `the tenant has no key ${keyId} (\`madansara keys list --tenant ${tenant}\` shows those it has)`);
    console.log(`${keyId} (${revoked.name}) is revoked since ${revoked.revokedAt?.toISOString() ?? 'now'}`);
  });
}

function scopes(text: string): readonly Scope[] {
  const named = [...new Set(text.split(',').map((scope) => scope.trim()))].filter((scope) => scope !== '');
  const unknown = named.filter((scope) => !isScope(scope));
  if (unknown.length > 0) throw new RangeError(`there is no scope ${unknown.join(', ')}; there are ${SCOPES.join(', ')}`);
  const parsed = named.filter(isScope);
  const fault = scopesFault(parsed);
  if (fault !== undefined) throw new RangeError(fault);
  return parsed;
}
