import type { LocalDate, TenantId } from '../../core/ids.js';
import type { OutreachChannel } from '../../core/outreach/channels.js';

/** Where a walk keeps what it plans on a channel: `…/email-campaigns.json`, `…/in-app-campaigns.json`. */
export const outreachKey = (tenantId: TenantId, walkDate: LocalDate, channel: OutreachChannel): string =>
  `${tenantId}/campaigns/${walkDate.replaceAll('-', '')}/${channel.replace('_', '-')}-campaigns.json`;
