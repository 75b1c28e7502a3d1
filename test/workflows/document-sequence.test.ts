import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  agreesWithJournals,
  draftSequence,
  endOf,
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

const CAST = {
  ann: ['opens', 'clicks'], // takes the demo, and does not buy
  bob: [], // looks at nothing
  cat: ['opens'], // and does not click
  dan: ['opens', 'clicks'], // and only reads of the demo
  eve: ['opens', 'clicks'], // takes the demo, gets the offer, and buys
  fay: ['opens', 'clicks'], // unsubscribes by the link in the mail
  gil: ['opens', 'stops'],
  hal: ['bounces'],
  ida: ['opens', 'no whatsapp'],
  jon: ['opens', 'clicks'], // buys after the click, before the demo
  lea: ['opens'], // replies, which is no click
} as const;

let stage: DocumentStage;
before(async () => {
  if (executable) stage = await openDocumentStage(executable, CAST, { text: 'Hi {{1}}, this is for you: {{2}}' });
});
after(() => stage?.close());

describe("the document's sequence", () => {
  it('runs from POST to its last message, and everybody takes the way that is theirs', { skip }, async () => {
    const { environment, ask, settled, mailsTo, textsTo } = stage;
    const { campaign_id: campaignId, url, preflight } = await draftSequence(stage);
    assert.deepEqual([preflight.blockers, preflight.can_launch, preflight.recipients], [[], true, 11]);

    const { midnightMs } = await entryDay(environment);
    const until = (day: number, hour: number) => sleepUntil(environment, midnightMs, 24 * day + hour);
    await ask('POST', `${url}/launch`);
    await until(1, 9.5);
    await settled({ mails: 0, texts: 0, items: 0 });
    await until(1, 10.5);
    await settled({ mails: 11, texts: 0, items: 0 });
    await stage.unsubscribe('fay');
    await settled({ mails: 11, texts: 0, items: 0 });

    await until(2, 9.5);
    await settled({ mails: 11, texts: 0, items: 0 });
    await until(2, 10.5);
    await settled({ mails: 11, texts: 7, items: 0 });
    assert.match(textsTo('ann')[0]?.body ?? '', /^Hi Ann, this is for you: https:\/\/audience\.example\.test\/l\/[\w-]{24}$/);
    stage.reply('lea');
    await stage.buy('jon', 'track');
    await settled({ mails: 11, texts: 7, items: 0 });

    await until(3, 0.5);
    await settled({ mails: 11, texts: 7, items: 3 });
    for (const [name, shown] of [
      ['ann', 'Ann'],
      ['dan', 'Dan'],
      ['eve', 'Eve'],
    ] as const) {
      assert.deepEqual(await stage.titlesOf(name), [`Product demo for ${shown}`]);
    }
    await stage.interact('ann');
    await stage.interact('dan', 'read');
    await stage.interact('eve');
    await settled({ mails: 11, texts: 7, items: 3 });

    await until(5, 10.5);
    await settled({ mails: 13, texts: 7, items: 3 });
    await stage.buy('eve', 'batch');
    await settled({ mails: 13, texts: 7, items: 3 });

    await until(8, 10.5);
    await settled({ mails: 13, texts: 8, items: 3 });
    assert.deepEqual((await endOf(stage, campaignId)).status, 'finished');
    assert.deepEqual(await stage.storiesOf(campaignId), {
      ann: ['1 email opened', '2 whatsapp clicked', '3 in_app clicked', '4 email opened', '5 whatsapp clicked', 'completed'],
      bob: ['1 email delivered', 'trigger_missed'],
      cat: ['1 email opened', '2 whatsapp opened', 'trigger_missed'],
      dan: ['1 email opened', '2 whatsapp clicked', '3 in_app opened', 'trigger_missed'],
      eve: ['1 email opened', '2 whatsapp clicked', '3 in_app clicked converted', '4 email opened', 'goal_reached'],
      fay: ['1 email opened', 'unsubscribed'],
      gil: ['1 email opened', '2 whatsapp opened', 'unsubscribed'],
      hal: ['1 email failed bounced', 'bounced'],
      ida: ['1 email opened', '2 whatsapp suppressed no address', 'trigger_missed'],
      jon: ['1 email opened', '2 whatsapp clicked converted', 'goal_reached'],
      lea: ['1 email opened', '2 whatsapp replied', 'trigger_missed'],
    });
    assert.equal(mailsTo('eve').length, 2);
    await agreesWithJournals(stage);
    const { kept, recounted } = await countsOf(stage.database, stage.tenantId);
    assert.deepEqual(kept, recounted);
    // All were led on to the same page, which is one row for each step.
    const { rows } = await stage.database.admin.query(
      'select step_key, message_id, target from links where tenant_id = $1 order by step_key',
      [stage.tenantId],
    );
    assert.deepEqual(rows, [2, 5].map((step) => ({ step_key: step, message_id: null, target: 'https://shop.example/demo?for=you' }))); // prettier-ignore
  });
});
