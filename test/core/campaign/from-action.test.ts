import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { campaignFromAction } from '../../../core/campaign/from-action.js';
import { offeredBy, wordsOfStep } from '../../../core/campaign/step-words.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import { templates, type CreateCampaign } from '../../../core/suggestion/payload.js';
import { playFor } from '../../../core/suggestion/playbook.js';
import { libraryTemplate } from '../../../core/template/library/library.js';
import { renderEmail } from '../../../core/template/render-email.js';
import { archetypes } from '../../../core/segment/statistics.js';

const action = (changes: Partial<CreateCampaign> = {}): CreateCampaign => ({
  action_type: 'create_campaign',
  channel: 'email',
  campaign_name: 'Deep Dive',
  template: 'educational_series',
  ...changes,
});
const about = { segmentId: 'seg_1', goal: 'convert_to_paid', offerKey: 'off_1' };

function drafted(changes: Partial<CreateCampaign>, goal: string | null = about.goal) {
  const draft = campaignFromAction(action(changes), { ...about, goal });
  assert.ok(draft.kind === 'draft', JSON.stringify(draft));
  return draft;
}
const days = (changes: Partial<CreateCampaign>) => drafted(changes).request.sequence.map(({ day }) => day);

describe('the campaign that a recommended action asks for', () => {
  it('is a series that goes on with something new each time, until the goal is reached', () => {
    const { name, request, notes } = drafted({ sequence_length: 3 });
    assert.equal(name, 'Deep Dive');
    assert.deepEqual([request.segment, request.goal], ['seg_1', 'convert_to_paid']);
    assert.deepEqual(
      request.sequence.map(({ day, template, send_time, trigger }) => [day, template, send_time, trigger]),
      [
        [0, 'educational_series', 'optimal', undefined],
        [3, 'educational_drip', 'optimal', undefined],
        [7, 'feature_highlight', 'optimal', undefined],
      ],
    );
    assert.deepEqual(notes, ['a draft of 3 emails on days 0, 3 and 7; nothing is sent before it is launched']);
  });

  it('comes faster when it is urgent, and slower when it is not', () => {
    assert.deepEqual(days({ sequence_length: 5 }), [0, 3, 7, 12, 18]);
    assert.deepEqual(days({ sequence_length: 5, urgency: 'high' }), [0, 1, 3, 6, 10]);
    assert.deepEqual(days({ sequence_length: 3, urgency: 'low' }), [0, 7, 14]);
    assert.deepEqual(days({}), [0]);
  });

  it('says an offer again within its days, to those who have not converted, and how long it still holds', () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 } as const;
    const { request, codes, notes } = drafted({ template: 'limited_offer', sequence_length: 3, offer });
    assert.deepEqual(
      request.sequence.map(({ day, template, subject, trigger, offer: said }) => [day, template, subject, trigger, said?.expiry_days]),
      [
        [0, 'limited_offer', undefined, undefined, 7],
        [3, 'limited_offer', '{{ offer.label }}: 4 days left', 'not_converted', 4],
        [6, 'limited_offer', '{{ offer.label }} ends tomorrow', 'not_converted', 1],
      ],
    );
    assert.equal(request.lifetime_days, 7);
    assert.ok(request.sequence.every((step) => step.offer?.offer_id === 'off_1'));
    assert.deepEqual(codes, { offerKey: 'off_1', words: offer, pattern: '#####-#####' });
    assert.deepEqual(notes.slice(1), []);
    const short = drafted({ template: 'win_back', sequence_length: 5, offer: { ...offer, expiry_days: 2 } });
    assert.deepEqual(
      short.request.sequence.map(({ day }) => day),
      [0, 1],
    );
    assert.match(short.notes.join('; '), /5 were recommended, and there is room for 2/);
  });

  it('has its offer and incentive in the mails, or says that they are not', async () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 } as const;
    const incentive = '$10 gift card';
    for (const template of templates) {
      const { request, codes, notes } = drafted({ template, sequence_length: 2, offer, incentive });
      const made = makePlan(request);
      assert.ok(made.status === 'made');
      const [content] = made.contents;
      assert.ok(content);
      const required = { brand_name: 'Shop', postal_address: 'Street 1', unsubscribe_url: 'https://m.example/u' };
      const mail = renderEmail(await libraryTemplate(template), { ...required, ...offeredBy(content) }, wordsOfStep(content));
      assert.ok(mail.kind === 'rendered');
      const says = (what: string) => notes.some((note) => note.endsWith(`says nothing of the ${what}: write it into the steps`));
      assert.equal(says('offer'), !mail.html.includes('20% off'), template);
      assert.equal(codes !== null, mail.html.includes('20% off'), 'codes are made where a mail says them');
      assert.equal(says('incentive'), !mail.html.includes('$10 gift card'), template);
    }
  });

  it('reminds those who did not react, where nobody can tell who converted', () => {
    const { sequence } = drafted({ template: 'win_back', sequence_length: 2 }, null).request;
    assert.deepEqual([sequence[1]?.trigger, sequence[1]?.else], ['not_engaged', 'leave']);
    assert.equal(drafted({ template: 'feedback_request', sequence_length: 2 }).request.sequence[1]?.trigger, 'not_engaged');
  });

  it('enters its segment again and again where that is recommended, and says so', () => {
    const { request, notes } = drafted({ template: 'win_back', sequence_length: 1, frequency: 'weekly' });
    assert.equal(request.frequency, 'weekly');
    assert.ok(notes.includes('its segment enters again every week, until somebody cancels it'));
    assert.equal(makePlan(request).status, 'made');
  });

  it('is not available on other channels, and says so', () => {
    const because = (changes: Partial<CreateCampaign>) => {
      const draft = campaignFromAction(action({ sequence_length: 4, ...changes }), about);
      assert.ok(draft.kind === 'not_available');
      return draft.because;
    };
    assert.match(because({ channel: 'push' }), /^push steps need words of their own/);
    assert.match(because({ channel: 'social' }), /^social steps need words of their own/);
    assert.match(because({ channel: 'sms' }), /^SMS steps need words of their own/);
    assert.match(because({ channel: 'in_app' }), /^in-app steps need words of their own/);
  });

  it('is one of approved templates on WhatsApp, without a subject', () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 } as const;
    const { request, notes } = drafted({ channel: 'whatsapp', template: 'win_back', sequence_length: 2, offer });
    assert.deepEqual(request.sequence.map(({ channel, subject }) => [channel, subject]), [['whatsapp', undefined], ['whatsapp', undefined]]); // prettier-ignore
    assert.match(notes[0] ?? '', /^a draft of 2 WhatsApp messages on days 0 and/);
    assert.ok(notes.some((note) => note.includes('/v1/whatsapp-templates/{family}')));
  });

  it('can be carried out, whatever is recommended', () => {
    const wild = fc.record(
      {
        template: fc.constantFrom(...templates),
        sequence_length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.MAX_SAFE_INTEGER)),
        urgency: fc.constantFrom('high' as const, 'medium' as const, 'low' as const),
        offer: fc.record({
          type: fc.constant('discount' as const),
          value: fc.integer({ min: 1, max: 90 }),
          unit: fc.constant('percent' as const),
          expiry_days: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constant(Number.MAX_SAFE_INTEGER)),
        }),
        incentive: fc.string({ minLength: 1 }),
      },
      { requiredKeys: ['template'] },
    );
    fc.assert(
      fc.property(wild, fc.boolean(), (changes, hasGoal) => {
        const { request } = drafted(changes, hasGoal ? about.goal : null);
        const made = makePlan(request);
        assert.ok(made.status === 'made', JSON.stringify(made));
        const gaps = request.sequence.map(({ day }, i) => day - (request.sequence[i - 1]?.day ?? -1));
        assert.ok(
          gaps.every((gap) => gap >= 1),
          'two messages on one day',
        );
        assert.ok((request.sequence.at(-1)?.day ?? 0) < (changes.offer?.expiry_days ?? Infinity));
      }),
      { numRuns: 500 },
    );
  });

  it('exists for every email and WhatsApp campaign that walks recommend', () => {
    for (const archetype of archetypes) {
      for (const recommended of playFor(archetype, 'Segment', 0.2).actions) {
        const { kind } = campaignFromAction(recommended, about);
        const isMade = ['email', 'whatsapp'].includes(recommended.channel);
        assert.equal(kind, isMade ? 'draft' : 'not_available');
      }
    }
  });
});
