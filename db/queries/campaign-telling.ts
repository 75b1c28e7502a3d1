import { sql } from 'drizzle-orm';
import type { CampaignFinding } from '../../core/brief/campaign-section.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';

/** A campaign is told of until so many days after its end. */
const TOLD_DAYS = 7;
/** A brief is short: of more campaigns the latest are told of. */
const MOST_TOLD = 10;

/** What became, by a moment, of the messages of campaigns that ran then or shortly before: the latest launched first. */
export async function campaignsToTell(tx: TenantTransaction, tenantId: TenantId, asOf: Date): Promise<CampaignFinding[]> {
  const { rows } = await tx.execute<CampaignFinding>(sql`
    select c.name, c.status, c.recipients, m.*
    from (
      select id, coalesce(campaign_name, campaign_key) as name, coalesce(recipients, 0) as recipients,
        case when ended_at > ${asOf} then 'running' else status end as status
      from outreach_campaigns
      where tenant_id = ${tenantId} and launched_at <= ${asOf}
        and (ended_at is null or ended_at > ${asOf}::timestamptz - make_interval(days => ${TOLD_DAYS}))
      order by launched_at desc, id desc limit ${MOST_TOLD}) c
    cross join lateral (
      select count(*) filter (where sent_at <= ${asOf})::int as sent,
        count(*) filter (where delivered_at <= ${asOf})::int as delivered,
        count(*) filter (where opened_at <= ${asOf})::int as opened,
        count(*) filter (where clicked_at <= ${asOf})::int as clicked,
        count(*) filter (where converted_at <= ${asOf})::int as converted,
        count(*) filter (where status = 'failed' and claimed_at <= ${asOf})::int as failed,
        count(*) filter (where status = 'suppressed' and claimed_at <= ${asOf})::int as suppressed,
        count(*) filter (where status = 'uncertain' and claimed_at <= ${asOf})::int as uncertain
      from messages where tenant_id = ${tenantId} and campaign_id = c.id) m
    order by c.id desc`);
  return rows;
}
