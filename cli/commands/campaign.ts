import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { campaignStatuses, type CampaignChange, type CampaignStatus } from '../../core/campaign/lifecycle.js';
import { parseTenantId, parseUserId, type TenantId, type UserId } from '../../core/ids.js';
import { argument } from '../arguments.js';

type TenantOption = { readonly tenant: TenantId };

const EXAMPLES = `
Examples:
  madansara campaign create winback.json --tenant $T      # the body of POST /v1/campaigns; prints the plan and its preflight
  madansara campaign preflight camp_12345 --tenant $T     # who would be reached, and what stands in the way
  madansara campaign launch camp_12345 --tenant $T
  madansara campaign show camp_12345 --tenant $T          # what became of its messages and journeys
  madansara campaign story user-17 --tenant $T            # what one user got, and what they did with it

Launching and whatever comes after needs a worker (\`madansara worker\`, or \`npm start\`).`;

const CHANGES: readonly (readonly [CampaignChange, string])[] = [
  ['launch', 'freeze the audience and send the first messages, if nothing stands in the way'],
  ['pause', 'send nothing more for now; reactions are noted'],
  ['resume', 'go on after a pause'],
  ['cancel', 'end it for good, for everybody'],
];

export function addCampaignCommand(program: Command): void {
  const campaigns = program
    .command('campaign')
    .description('campaigns: write, check, launch, watch, pause, resume, cancel')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string) =>
    campaigns.command(name).description(description).requiredOption('--tenant <id>', 'whose campaigns they are', argument(parseTenantId));
  command('create <file>', 'write a campaign as a draft; nothing is sent').action(async (file: string, { tenant }: TenantOption) =>
    (await import('../campaigns.js')).create(tenant, await readFile(file, 'utf8')),
  );
  command('list', 'all campaigns, the latest first')
    .addOption(new Option('--status <status>', 'only those').choices(campaignStatuses))
    .action(async ({ tenant, status }: TenantOption & { readonly status?: CampaignStatus }) =>
      (await import('../campaigns.js')).list(tenant, status),
    );
  command('show <campaign_id>', 'its plan in words, and what became of its messages and journeys').action(
    async (campaignId: string, { tenant }: TenantOption) => (await import('../campaigns.js')).show(tenant, campaignId),
  );
  command('preflight <campaign_id>', 'what a launch at this moment would meet').action(
    async (campaignId: string, { tenant }: TenantOption) => (await import('../campaigns.js')).preflight(tenant, campaignId),
  );
  for (const [change, description] of CHANGES) {
    command(`${change} <campaign_id>`, description).action(async (campaignId: string, { tenant }: TenantOption) =>
      (await import('../campaigns.js')).change(tenant, campaignId, change),
    );
  }
  campaigns
    .command('story')
    .argument('<user_id>', 'whose story', argument(parseUserId))
    .description("one user's messages in all campaigns, and how their journeys ended")
    .requiredOption('--tenant <id>', 'whose user it is', argument(parseTenantId))
    .action(async (userId: UserId, { tenant }: TenantOption) => (await import('../campaigns.js')).story(tenant, userId));
}
