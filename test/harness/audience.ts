import { createHash } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import { putEmailSender } from '../../db/queries/email-senders.js';
import { addTemplateVersion, publishTemplate } from '../../db/queries/templates.js';
import { recordExposures, recordOutcomes } from '../../db/queries/test-exposures.js';
import { compiled, text } from '../core/template/samples.js';
import type { TestDatabase } from './database.js';
import { NONCE_BYTES, sealText } from '../../core/message/sealed-text.js';
import { ADDRESS_KEY, draftCampaign } from './campaigns.js';
import { addOffer } from './offers.js';
import { lookAt, startedTest } from './tests.js';

export type SeededAudience = {
  readonly walkDate: string;
  readonly segmentKey: string;
  readonly userId: string;
  readonly suggestionId: string;
  /** Of a test that is decided. */
  readonly testId: string;
  /** Of a campaign that runs. */
  readonly campaignId: string;
  readonly templateFamily: string;
  readonly offerKey: string;
  /** A number has no place for a word. */
  readonly phoneNumber: string;
  readonly replyId: string;
  readonly ruleId: string;
};

/** Ids that every seeded tenant has: the same name, another row. */
export const SHARED = { userId: 'shared-user', walkDate: '2026-01-01', segmentKey: 'seg_shared' } as const;

/** Rows of every kind that the API shows, each with the word in it. */
export async function seedAudience(database: TestDatabase, tenantId: TenantId, word: string, walkDate: string): Promise<SeededAudience> {
  const { admin } = database;
  const insert = (sql: string, ...values: unknown[]) => admin.query(sql, [tenantId, ...values]);
  const userId = `user-${word}`;
  for (const id of [userId, `${userId}-2`, SHARED.userId]) {
    await insert(`insert into users (tenant_id, user_id, traits, first_seen, last_seen) values ($1, $2, $3, now(), now())`, id, { word });
    await insert(
      `insert into user_features (tenant_id, user_id, walk_date, recency_days, frequency_30d, frequency, monetary_minor, engagement_score, trend)
       values ($1, $2, $3, 1.5, 2, 3, 400, 0.5, 0.1)`,
      id,
      walkDate,
    );
  }
  await insert(`insert into user_aliases (tenant_id, alias_id, user_id) values ($1, $2, $3)`, `alias-${word}`, userId);
  await insert(`insert into contacts (tenant_id, user_id, channel, address) values ($1, $2, 'email', $3)`, userId, `${word}@example.org`);
  await insert(
    `insert into walks (tenant_id, walk_date, as_of, requested_by, record, error) values ($1, $2, now(), $3, $4, $3)`,
    walkDate,
    word,
    { word },
  );
  await insert(
    `insert into walks (tenant_id, walk_date, as_of, requested_by, status) values ($1, $2, now(), $3, 'succeeded')`,
    SHARED.walkDate,
    word,
  );
  await insert(
    `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, user_count, statistics)
     values ($1, $2, $3, 'behavioral', $4, 0, $4)`,
    SHARED.segmentKey,
    `Shared ${word}`,
    { word },
  );
  const segmentKey = `seg_${word}`;
  const { rows } = await insert(
    `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, user_count, statistics, walk_date)
     values ($1, $2, $3, 'behavioral', $4, 3, $4, $5) returning id`,
    segmentKey,
    `Champions ${word}`,
    { word },
    walkDate,
  );
  await insert(
    `insert into segment_membership (tenant_id, segment_id, user_id, confidence_score)
     select $1, $2, user_id, 87.5 from users where tenant_id = $1`,
    rows[0].id,
  );
  const suggestionId = `sg_aud_${word}`;
  await insert(
    `insert into suggestions (tenant_id, suggestion_id, walk_date, type, priority, payload) values ($1, $2, $3, 'segment_opportunity', 'high', $4)`,
    suggestionId,
    walkDate,
    { id: suggestionId, title: word },
  );
  await insert(
    `insert into suggestion_responses (tenant_id, response_id, suggestion_id, action, channel) values ($1, $2, $3, 'details', 'in_app')`,
    `response-${word}`,
    suggestionId,
  );
  const testId = await seedTest(database, tenantId, word);
  const campaignId = await seedCampaign(database, tenantId, word);
  const templateFamily = await seedTemplate(database, tenantId, word);
  const texts = await seedTexts(database, tenantId, word);
  const { offerKey } = await addOffer(database, tenantId, [word], { key: `offer-${word}` });
  return { walkDate, segmentKey, userId, suggestionId, testId, campaignId, templateFamily, offerKey, ...texts };
}

/** A campaign with a journey that got its first message, and a row in every table of campaigns and of sending. */
async function seedCampaign(database: TestDatabase, tenantId: TenantId, word: string): Promise<string> {
  const { admin } = database;
  const segment = `seg_${word}`;
  const campaignKey = `camp_${word}`;
  const sequence = [{ day: 0, channel: 'email', template: `template_${word}` }];
  await draftCampaign(database, tenantId, { campaign_id: campaignKey, segment, sequence });
  const insert = (table: string, columns: string, ...values: unknown[]) => {
    const places = values.map((_, i) => `$${i + 3}`).join(', ');
    return admin.query(
      `insert into ${table} (tenant_id, campaign_id, ${columns})
       select tenant_id, id, ${places} from outreach_campaigns where tenant_id = $1 and campaign_key = $2`,
      [tenantId, campaignKey, ...values],
    );
  };
  await admin.query(`update outreach_campaigns set status = 'running', launched_at = now(), recipients = 1 where campaign_key = $1`, [
    campaignKey,
  ]);
  await insert('campaign_clocks', 'clock, time_zone, slots', 0, word, '{}');
  await insert('campaign_batches', 'batch, members', 0, 1);
  await insert('journeys', 'batch, idx, entry, user_id', 0, 0, 1, `user-${word}`);
  const hash = Buffer.from(word);
  await insert(
    'messages',
    'entry, step_key, user_id, channel, batch, idx, address_hash, status, reason, claimed_at, sent_at',
    1,
    '1',
    `user-${word}`,
    'email',
    0,
    0,
    hash,
    'sent',
    word,
    '2026-01-02T12:00:00Z',
    '2026-01-02T12:00:00Z',
  );
  await insert('engagement_outbox', 'batch, idx, what', 0, 0, word);
  const rows = [
    `insert into suppressions (tenant_id, channel, address_hash, reason) values ($1, 'email', $2, $3)`,
    `insert into calls (tenant_id, call_id, state) values ($1, gen_random_uuid(), 'begun')`,
    `insert into provider_events (tenant_id, provider, event_id, message_id, kind, occurred_at)
     select $1, $2, $2, message_id, 'delivered', now() from messages where tenant_id = $1`,
    `insert into send_slots (tenant_id, user_id, channel, hour, source) values ($1, $2, 'email', 9, $3)`,
  ] as const;
  await admin.query(rows[0], [tenantId, hash, word]);
  await admin.query(rows[1], [tenantId]);
  await admin.query(rows[2], [tenantId, word]);
  await admin.query(rows[3], [tenantId, `user-${word}`, word]);
  return campaignKey;
}

/** A family of the tenant's own with a version in force, and a sender. */
async function seedTemplate(database: TestDatabase, tenantId: TenantId, word: string): Promise<string> {
  const family = `spring_${word}`;
  const source = text(`Hi from ${word}`, { subject: `Subject ${word}` });
  const version = { tenantId, family, source, compiled: await compiled(source), actor: word, at: new Date() };
  const sender = {
    fromEmail: `${word}@example.org`,
    fromName: word,
    replyTo: null,
    brandName: `Brand ${word}`,
    brandUrl: null,
    postalAddress: `${word} Street`,
  };
  await database.withTenant(tenantId, async (tx) => {
    await addTemplateVersion(tx, version);
    await publishTemplate(tx, { tenantId, family, version: 1, actor: word, at: new Date() });
    await putEmailSender(tx, tenantId, sender, new Date());
  });
  return family;
}

/** A sender of texts, an approved template, an account on a network, and what was sent and written. */
async function seedTexts(
  { admin }: TestDatabase,
  tenantId: TenantId,
  word: string,
): Promise<Pick<SeededAudience, 'phoneNumber' | 'replyId' | 'ruleId'>> {
  const digits = BigInt(`0x${createHash('sha256').update(word).digest('hex')}`)
    .toString()
    .slice(-10);
  const phoneNumber = `+1${digits.replace(/^[01]/, '2')}`;
  const insert = (sql: string, ...values: unknown[]) => admin.query(sql, [tenantId, ...values]);
  await insert('insert into phone_senders (tenant_id, sms_number, updated_at) values ($1, $2, now())', phoneNumber);
  await insert(
    `insert into whatsapp_templates (tenant_id, family, content_sid, variables, actor, updated_at) values ($1, $2, 'HX1', $3, $4, now())`,
    `spring_${word}`,
    { 1: word },
    word,
  );
  await insert(
    'insert into texts (tenant_id, message_id, message_sid, begun_at) select $1, message_id, $2, now() from messages where tenant_id = $1',
    word,
  );
  await insert(
    `insert into social_accounts (tenant_id, provider, account_id, sealed_token, comment_keywords, updated_at)
     select $1, network, $2, $3, $4, now() from unnest('{messenger,instagram}'::text[]) network`,
    digits,
    Buffer.from(word),
    JSON.stringify([{ keyword: word, event: word }]),
  );
  await insert(
    `insert into social_comments (tenant_id, provider, comment_id, address, commented_at) values ($1, 'instagram', $2, '1', now())`,
    word,
  );
  const { rows } = await insert(
    `insert into replies (tenant_id, provider_id, channel, address_hash, user_id, asks, sealed, received_at)
     values ($1, $2, 'sms', '', $3, 'maybe_stop', $4, now()) returning reply_id`,
    word,
    `user-${word}`,
    sealText(ADDRESS_KEY, { tenantId, providerId: word }, `Hello ${word}`, Buffer.alloc(NONCE_BYTES)),
  );
  const rules = await insert(
    `insert into reply_rules (tenant_id, name, is_active, priority, answers_help, keywords, message, most_per_day, actor, updated_at)
     values ($1, $2, true, 0, false, array[$2], $2, 1, $2, now()) returning rule_id`,
    word,
  );
  return { phoneNumber, replyId: String(rows[0].reply_id), ruleId: String(rules.rows[0].rule_id) };
}

/** A test that ran and ended by its last look, with a row in every table of tests. */
async function seedTest(database: TestDatabase, tenantId: TenantId, word: string): Promise<string> {
  const start = new Date('2026-01-02T12:00:00Z');
  const hours = (count: number) => new Date(start.getTime() + count * 3_600_000);
  const test = await startedTest(database, tenantId, start, { name: `Subject ${word}` });
  const exposed = { userId: `user-${word}`, variationId: 'control', at: hours(1) };
  const bought = {
    outcomeId: `bought ${word}`,
    userId: exposed.userId,
    kind: 'converted',
    at: hours(2),
    byMachine: false,
    value: null,
  } as const;
  await database.withTenant(tenantId, async (tx) => {
    await recordExposures(tx, test, [exposed]);
    await recordOutcomes(tx, test, [bought]);
  });
  const { admin } = database;
  await admin.query(
    `insert into test_slots (tenant_id, test_id, user_id, campaign_id, entry, step_key, channel) values ($1, $2, $3, 0, 1, 1, 'email')`,
    [tenantId, test.id, exposed.userId],
  );
  await lookAt(database, test, 1, hours(24 * 30));
  const values = [tenantId, test.id, word];
  await admin.query(
    `insert into ab_test_learnings (tenant_id, test_id, variation_id, channel, metric, verdict, changes, effect, standard_error, learned_at)
     values ($1, $2, $3, 'email', 'ctr', 'winner', '[]', 0.1, 0.1, now())`,
    values,
  );
  await admin.query(
    `insert into template_defaults (tenant_id, template_family, version, action, test_id, variation_id, actor, changed_at)
     values ($1, $3, 1, 'apply', $2, $3, $3, now())`,
    values,
  );
  await admin.query(
    `insert into metric_baselines (tenant_id, metric, subject, window_hours, users, sum, sum_of_squares, measured_from, measured_to)
     values ($1, 'conversion_rate', $2, 72, 100, 5, 5, '2025-12-01', '2026-01-01')`,
    [tenantId, word],
  );
  return test.testKey;
}
