import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createEmailRenderer } from '../../activities/sending/rendering.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { readReplyAddress } from '../../core/message/reply-address.js';
import { signToken } from '../../core/message/token.js';
import { putEmailSender } from '../../db/queries/email-senders.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { ADDRESS_KEY, addSegment, draftCampaign, testSender } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

/** The first mail of a campaign, as ann gets it. */
async function mailOf(step: Partial<StepRequest>, inboundDomain: string | null = null) {
  const tenantId = await database.newTenant();
  await database.withTenant(tenantId, (tx) => putEmailSender(tx, tenantId, { ...testSender, inboundDomain }, new Date()));
  const segment = await addSegment(database, tenantId, ['ann']);
  const sequence = [{ day: 0, channel: 'email', template: 'limited_offer', ...step }];
  const key = await draftCampaign(database, tenantId, { segment, sequence });
  const { id: campaignId } = await database.withTenant(tenantId, (tx) => requireCampaign(tx, tenantId, key));
  const render = createEmailRenderer({ database, publicUrl: 'https://m.example', ledgerKey: ADDRESS_KEY });
  const of = { tenantId, campaignId, stepKey: 1, channel: 'email', batch: 0, members: [0] } as const;
  const token = inboundDomain === null ? 'token' : signToken(ADDRESS_KEY, { tenantId, messageId: 7 });
  const { mails, envelope } = await render(of, [{ userId: 'ann', address: 'ann@example.test', token }], new Date());
  const [mail] = mails;
  assert.ok(mail && 'subject' in mail, JSON.stringify(mail));
  assert.deepEqual(envelope.tracking, { opens: true, clicks: true });
  return { ...mail, tenantId, sharedReplyTo: envelope.replyTo?.email };
}

describe('the mail of a step', () => {
  it('says what the step offers, in the template’s own words and in the step’s', async () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 };
    const first = await mailOf({ offer });
    assert.equal(first.subject, '20% off for 7 days');
    assert.match(first.text, /20% off. It is good for 7 days/);
    const last = await mailOf({ offer: { ...offer, expiry_days: 1 }, subject: '{{ offer.label }} ends tomorrow' });
    assert.equal(last.subject, '20% off ends tomorrow');
  });

  it('has a link to unsubscribe of which no click is told', async () => {
    const { html } = await mailOf({});
    assert.match(html, /<a clicktracking="off" href="https:\/\/m\.example\/v1\/unsubscribe\/token"/);
    assert.equal(html.match(/clicktracking/g)?.length, html.match(/v1\/unsubscribe\/token/g)?.length);
  });

  it('asks replies to an address of its own, where the tenant has a domain for them', async () => {
    const { replyTo = '', sharedReplyTo, tenantId } = await mailOf({}, 'reply.shop.example');
    assert.deepEqual(readReplyAddress(ADDRESS_KEY, replyTo), { tenantId, messageId: 7 });
    assert.equal(sharedReplyTo, 'replies@reply.shop.example');
    assert.equal((await mailOf({})).replyTo, undefined);
  });

  it('promises nothing that the step does not offer', async () => {
    const { subject, text } = await mailOf({});
    assert.equal(subject, 'Come and see what is new');
    assert.doesNotMatch(text, /off/);
  });

  it('says what there is for taking part', async () => {
    assert.match((await mailOf({ template: 'feedback_request', incentive: '$10 gift card' })).text, /you get \$10 gift card/);
  });
});
