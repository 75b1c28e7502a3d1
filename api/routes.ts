import type { SendingReadiness } from '../core/campaign/preflight.js';
import type { Database } from '../db/client.js';
import type { Executors } from '../db/queries/suggestion-responses.js';
import type { CampaignControl } from './campaign-control.js';
import type { Route } from './route.js';
import { createAnalyticsRoutes } from './routes/analytics.js';
import { createCampaignRoutes } from './routes/campaigns.js';
import { createConsentRoutes } from './routes/consent.js';
import { createEmailSenderRoutes } from './routes/email-sender.js';
import { createHealthRoutes, type ReadinessCheck } from './routes/health.js';
import { createInboxTokenRoutes } from './routes/inbox-tokens.js';
import { createKeyRoutes } from './routes/keys.js';
import { createOfferRoutes } from './routes/offers.js';
import { createPhoneSenderRoutes } from './routes/phone-sender.js';
import { createReplyRoutes } from './routes/replies.js';
import { createReplyRuleRoutes } from './routes/reply-rules.js';
import { createAudienceSegmentRoutes } from './routes/segments.js';
import { createSendingPolicyRoutes } from './routes/sending-policy.js';
import { createSocialAccountRoutes } from './routes/social-accounts.js';
import { createSuggestionRoutes } from './routes/suggestions.js';
import { createTemplateRoutes } from './routes/templates.js';
import { createTenantRoutes } from './routes/tenants.js';
import { createTestRoutes } from './routes/tests.js';
import { createUserRoutes } from './routes/users.js';
import { createWalkRoutes } from './routes/walks.js';
import { createWhatsappTemplateRoutes } from './routes/whatsapp-templates.js';
import type { TestControl, WalkerControl } from './temporal.js';

export type RouteDependencies = {
  readonly database: Database;
  readonly walker: WalkerControl;
  readonly tests: TestControl;
  readonly campaigns: CampaignControl;
  readonly sending: SendingReadiness;
  /** What executes an accepted suggestion's actions; an action without one is answered as not available. */
  readonly executors?: Executors;
  /** Signs the tokens of subscribers. Absent: there are no inboxes. */
  readonly ledgerKey?: Buffer | undefined;
  readonly readiness: readonly ReadinessCheck[];
  readonly isClosing: () => boolean;
  readonly now: () => Date;
};

/** The table of everything that is served as JSON: application, documentation and tests are made from it. */
export function createRoutes(dependencies: RouteDependencies): readonly Route[] {
  return [
    ...createWalkRoutes(dependencies),
    ...createAudienceSegmentRoutes(dependencies),
    ...createUserRoutes(dependencies),
    ...createSuggestionRoutes(dependencies),
    ...createTestRoutes(dependencies),
    ...createCampaignRoutes(dependencies),
    ...createOfferRoutes(dependencies),
    ...createTemplateRoutes(dependencies),
    ...createEmailSenderRoutes(dependencies),
    ...createPhoneSenderRoutes(dependencies),
    ...createWhatsappTemplateRoutes(dependencies),
    ...createSocialAccountRoutes(dependencies),
    ...createReplyRoutes(dependencies),
    ...createReplyRuleRoutes(dependencies),
    ...createConsentRoutes(dependencies),
    ...createSendingPolicyRoutes(dependencies),
    ...createAnalyticsRoutes(dependencies),
    ...createInboxTokenRoutes(dependencies),
    ...createTenantRoutes(dependencies),
    ...createKeyRoutes(dependencies),
    ...createHealthRoutes(dependencies.readiness, dependencies.isClosing),
  ];
}
