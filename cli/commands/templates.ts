import type { Command } from 'commander';
import { parseTenantId, parseUserId, type TenantId, type UserId } from '../../core/ids.js';
import { parseTemplateFamily } from '../../core/template/template.js';
import { argument } from '../arguments.js';

type TenantOption = { readonly tenant: TenantId };
type VersionOption = TenantOption & { readonly version?: number };
type PreviewOption = VersionOption & {
  readonly user?: UserId;
  readonly subject?: string;
  readonly content?: string;
  readonly file?: string;
};

const EXAMPLES = `
Examples:
  madansara templates list --tenant $T
  madansara templates show win_back --tenant $T
  madansara templates show win_back --tenant $T --version 0 --source > win_back.mjml
  madansara templates preview win_back --tenant $T --user u1 --subject '{{first_name}}, come back'

Versions are stored and published over HTTP (POST /v1/templates/win_back/versions, …/publish). 0 is the library's own.`;

export function addTemplatesCommand(program: Command): void {
  const templates = program
    .command('templates')
    .description('mail templates: what there is, what they say, how they look')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    templates.command(name).description(description).requiredOption('--tenant <id>', 'whose templates they are', argument(parseTenantId));
  command('list', 'all families, and which version of each is in force').action(async ({ tenant }: TenantOption) =>
    (await import('../templates.js')).list(tenant),
  );
  command('show', 'variables and versions of a template')
    .argument('<family>', 'such as win_back', argument(parseTemplateFamily))
    .option('--version <version>', 'not the one in force', argument(parseVersion))
    .option('--source', 'its MJML and nothing else', false)
    .action(async (family: string, { tenant, version, source }: VersionOption & { readonly source: boolean }) =>
      (await import('../templates.js')).show(tenant, { family, version, source }),
    );
  command('preview', "a user's mail, as a file")
    .argument('<family>', 'such as win_back', argument(parseTemplateFamily))
    .option('--user <id>', 'whose mail it would be; somebody of whom nothing is known, when absent', argument(parseUserId))
    .option('--version <version>', 'not the one in force', argument(parseVersion))
    .option('--subject <text>', "a step's own subject, with Liquid")
    .option('--content <text>', "a step's own text, with Liquid")
    .option('--file <path>', 'where to write the HTML (default: preview-<family>.html)')
    .action(async (family: string, options: PreviewOption) => (await import('../templates.js')).preview({ family, ...options }));
}

function parseVersion(text: string): number {
  const version = Number(text);
  if (!(/^\d+$/.test(text) && version <= 2_147_483_647)) throw new RangeError('0 or a whole number above it is expected');
  return version;
}
