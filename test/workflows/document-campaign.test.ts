import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  agreesWithJournals,
  endOf,
  FOLLOW_UP_SID,
  entryDay,
  openDocumentStage,
  sleepUntil,
  type DocumentStage,
} from '../harness/document-campaigns.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { findTimeSkippingServer, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

/** The solution document's campaign, letter for letter but for its comment. */
const DOCUMENT = `{
  "campaign_id": "camp_12345",
  "segment": "Potential Loyalists",
  "goal": "convert_to_paid",
  "sequence": [
    {
      "day": 0,
      "channel": "email",
      "template": "welcome_series_1",
      "subject": "{{first_name}}, discover your personalized recommendations",
      "send_time": "optimal",
      "trigger": "segment_entry"
    },
    {
      "day": 1,
      "channel": "whatsapp",
      "template": "engagement_follow_up",
      "message": "Hi {{first_name}}! Did you see our recommendations? Reply YES for a quick demo 🎁",
      "send_time": "10:00 AM user_timezone",
      "trigger": "email_opened"
    },
    {
      "day": 2,
      "channel": "in_app",
      "template": "feature_highlight",
      "content": "Interactive product tour",
      "trigger": "whatsapp_replied"
    },
    {
      "day": 4,
      "channel": "email",
      "template": "limited_offer",
      "subject": "{{first_name}}, 20% off ends tomorrow!",
      "send_time": "optimal",
      "trigger": "in_app_engaged"
    }
  ]
}`;

const CAST = {
  ann: ['opens'], // and takes the tour
  bob: [], // looks at nothing
  cat: ['opens'], // and does not reply
  dan: ['opens'], // and only reads of the tour
  eve: ['opens'], // takes the tour and buys
  fay: ['opens'], // unsubscribes by the link in the mail
  gil: ['opens', 'stops'],
  hal: ['bounces'],
  ida: ['opens', 'no whatsapp'],
  jon: ['complains'],
  kim: ['machine-opens'],
  lou: ['opens'], // buys before anything else comes
} as const;

let stage: DocumentStage;
before(async () => {
  if (executable)
    stage = await openDocumentStage(executable, CAST, { text: 'Hi {{1}}! Did you see our recommendations? Reply YES for a quick demo 🎁' });
});
after(() => stage?.close());

describe("the document's campaign", () => {
  it('runs from POST to its last message, and everybody takes the way that is theirs', { skip }, async () => {
    const { environment, ask, settled, mailsTo, textsTo } = stage;
    await ask('PUT', '/v1/phone-sender', { whatsapp_number: '+15005550006' });
    await ask('PUT', '/v1/whatsapp-templates/engagement_follow_up', { content_sid: FOLLOW_UP_SID, variables: { 1: '{{ first_name }}' } });
    const campaign = await ask('POST', '/v1/campaigns', DOCUMENT);
    assert.deepEqual([campaign.campaign_id, campaign.channel, campaign.goal], ['camp_12345', 'multi', 'convert_to_paid']);
    const preflight = await ask('GET', '/v1/campaigns/camp_12345/preflight');
    assert.deepEqual([preflight.blockers, preflight.can_launch, preflight.recipients], [[], true, 12]);

    const { nextTenMs: ten } = await entryDay(environment);
    await ask('POST', '/v1/campaigns/camp_12345/launch');
    await sleepUntil(environment, ten, -0.5);
    await settled({ mails: 0, texts: 0, items: 0 });
    await sleepUntil(environment, ten, 0.5);
    await settled({ mails: 12, texts: 0, items: 0 });
    assert.equal(mailsTo('ann')[0]?.subject, 'Ann, discover your personalized recommendations');
    await stage.unsubscribe('fay');
    await stage.buy('lou', 'batch');
    await settled({ mails: 12, texts: 0, items: 0 });

    // The day after, at ten o'clock and no sooner.
    await sleepUntil(environment, ten, 23.5);
    await settled({ mails: 12, texts: 0, items: 0 });
    await sleepUntil(environment, ten, 24.5);
    await settled({ mails: 12, texts: 5, items: 0 });
    assert.equal(textsTo('ann')[0]?.body, 'Hi Ann! Did you see our recommendations? Reply YES for a quick demo 🎁');

    for (const name of ['ann', 'dan', 'eve']) stage.reply(name);
    await settled({ mails: 12, texts: 5, items: 0 });

    // From the first minute of the next day on.
    await sleepUntil(environment, ten, 37);
    await settled({ mails: 12, texts: 5, items: 0 });
    await sleepUntil(environment, ten, 39);
    await settled({ mails: 12, texts: 5, items: 3 });
    for (const name of ['ann', 'dan', 'eve']) assert.deepEqual(await stage.titlesOf(name), ['Interactive product tour']);
    await stage.interact('ann');
    await stage.interact('dan', 'read');
    await stage.interact('eve');
    await settled({ mails: 12, texts: 5, items: 3 });
    await stage.buy('eve', 'track');
    await settled({ mails: 12, texts: 5, items: 3 });

    await sleepUntil(environment, ten, 97);
    await settled({ mails: 13, texts: 5, items: 3 });
    assert.deepEqual(
      mailsTo('ann').map(({ subject }) => subject),
      ['Ann, discover your personalized recommendations', 'Ann, 20% off ends tomorrow!'],
    );
    assert.deepEqual((await endOf(stage, 'camp_12345')).status, 'finished');
    assert.deepEqual(await stage.storiesOf('camp_12345'), {
      ann: ['1 email opened', '2 whatsapp replied', '3 in_app clicked', '4 email opened', 'completed'],
      bob: ['1 email delivered', 'trigger_missed'],
      cat: ['1 email opened', '2 whatsapp opened', 'trigger_missed'],
      dan: ['1 email opened', '2 whatsapp replied', '3 in_app opened', 'trigger_missed'],
      eve: ['1 email opened', '2 whatsapp replied', '3 in_app clicked converted', 'goal_reached'],
      fay: ['1 email opened', 'unsubscribed'],
      gil: ['1 email opened', '2 whatsapp opened', 'unsubscribed'],
      hal: ['1 email failed bounced', 'bounced'],
      ida: ['1 email opened', '2 whatsapp suppressed no address', 'trigger_missed'],
      jon: ['1 email delivered', 'complained'],
      kim: ['1 email delivered', 'trigger_missed'],
      lou: ['1 email opened converted', 'goal_reached'],
    });
    await agreesWithJournals(stage);
    const { kept, recounted } = await countsOf(stage.database, stage.tenantId);
    assert.deepEqual(kept, recounted);
  });
});
