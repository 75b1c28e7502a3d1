import { formatNumber } from '../numbers.js';
import { counted, wrap } from './format.js';
import { WIDTH } from './segment-section.js';

/** What became of a campaign's messages by the moment of the walk. Each count holds those that came further, too. */
export type CampaignFinding = {
  readonly name: string;
  readonly status: 'running' | 'paused' | 'cancelled' | 'finished';
  readonly recipients: number;
  readonly sent: number;
  readonly delivered: number;
  readonly opened: number;
  readonly clicked: number;
  readonly converted: number;
  readonly failed: number;
  readonly suppressed: number;
  /** Their request may have gone out, and nobody has told yet. */
  readonly uncertain: number;
};

/** Campaigns that run, or ended lately: counts alone, and a word about what nobody can know. */
export function campaignLines(campaigns: readonly CampaignFinding[]): readonly string[] {
  if (campaigns.length === 0) return [];
  const uncertain = campaigns.reduce((sum, one) => sum + one.uncertain, 0);
  const word = `⚠️ ${counted(uncertain, 'message')} ${uncertain === 1 ? 'is' : 'are'} uncertain: the request may have gone out before the line broke. Only the provider's own word settles that, and nothing uncertain is sent again.`;
  return ['📣 Campaigns', ...campaigns.flatMap(linesOf), ...(uncertain > 0 ? wrap(word, WIDTH, '   ', '      ') : []), ''];
}

function linesOf({ name, status, recipients, ...counts }: CampaignFinding): readonly string[] {
  const told = (['sent', 'delivered', 'opened', 'clicked', 'converted', 'failed', 'suppressed'] as const)
    .filter((what) => counts[what] > 0)
    .map((what) => `${formatNumber(counts[what])} ${what}`);
  const figures = told.length > 0 ? told.join(', ') : 'nothing sent yet';
  return wrap(`${name} (${status}, ${counted(recipients, 'recipient')}): ${figures}`, WIDTH, '   ', '      ');
}
