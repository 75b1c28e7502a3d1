import { assertNever } from '../errors.js';
import type { Archetype } from '../segment/statistics.js';
import type { CreateCampaign } from './payload.js';

/** What to do for a kind of segment: its aim in a few words for a title, and campaigns, the main one first. */
export type Play = { readonly aim: string; readonly actions: readonly [CreateCampaign, ...CreateCampaign[]] };

const DISCOUNT = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 } as const;

/**
 * The campaigns that suit a kind of segment. The main one carries the measured conversion rate: what these people do anyway,
 * which a campaign has to beat. The others address the same people, so they carry none.
 */
export function playFor(archetype: Archetype, segmentName: string, measuredRate: number): Play {
  const named = (title: string) => ({ action_type: 'create_campaign' as const, campaign_name: `${segmentName} - ${title}` });
  const main = { expected_conversion_rate: measuredRate };
  switch (archetype) {
    case 'champions':
      return {
        aim: 'VIP early access',
        actions: [
          { ...named('VIP Early Access'), channel: 'email', template: 'feature_highlight', sequence_length: 3, ...main },
          { ...named('Personal Thank-You'), channel: 'whatsapp', template: 'engagement_follow_up', frequency: 'monthly' },
        ],
      };
    case 'loyal_customers':
      return {
        aim: 'upsell and cross-sell',
        actions: [
          { ...named('More of What You Like'), channel: 'email', template: 'feature_highlight', sequence_length: 4, ...main },
          { ...named('Loyalty Check-in'), channel: 'whatsapp', template: 'conversational_nurture', frequency: 'monthly' },
        ],
      };
    case 'potential_loyalists':
      return {
        aim: 'nurture towards loyalty',
        actions: [
          { ...named('Product Deep Dive'), channel: 'email', template: 'educational_series', sequence_length: 5, ...main },
          { ...named('Personal Check-in'), channel: 'whatsapp', template: 'conversational_nurture', frequency: 'weekly' },
        ],
      };
    case 'at_risk':
      return {
        aim: 'win back before they are lost',
        actions: [
          { ...named('We Miss You'), channel: 'whatsapp', template: 'win_back', offer: DISCOUNT, urgency: 'high', ...main },
          { ...named('What Can We Improve?'), channel: 'email', template: 'feedback_request' },
        ],
      };
    case 'lost':
      return {
        aim: 're-engage',
        actions: [
          { ...named('Come Back'), channel: 'email', template: 'limited_offer', sequence_length: 2, offer: DISCOUNT, ...main },
          { ...named('Why Did You Leave?'), channel: 'email', template: 'feedback_request' },
        ],
      };
    default:
      return assertNever(archetype);
  }
}

const CHANNEL_WORDS: Readonly<Record<CreateCampaign['channel'], string>> = {
  email: 'Email',
  whatsapp: 'WhatsApp',
  sms: 'SMS',
  social: 'Social',
  push: 'Push',
  in_app: 'In-app',
};

const words = (template: string): string => template.replaceAll('_', ' ');

/** An action in one line: `WhatsApp campaign "At Risk - We Miss You" (win back), 20 % off for 7 days`. */
export function describeAction({ channel, campaign_name, template, sequence_length, frequency, offer }: CreateCampaign): string {
  const parts = [`${CHANNEL_WORDS[channel]} campaign "${campaign_name}" (${words(template)})`];
  if (sequence_length !== undefined) parts.push(`${sequence_length} ${sequence_length === 1 ? 'message' : 'messages'}`);
  if (frequency !== undefined) parts.push(frequency);
  if (offer !== undefined) parts.push(`${offer.value} % off for ${offer.expiry_days} days`);
  return parts.join(', ');
}
