import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CampaignRequest, StepRequest } from '../../../core/journey/campaign-request.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import { usesReaction } from '../../../core/journey/plan.js';
import { DAY_MS, fiveSteps, fourSteps, HOUR_MS, planOf } from './samples.js';

const email: StepRequest = { day: 0, channel: 'email', template: 'win_back' };
const campaign = (sequence: readonly StepRequest[], more: Partial<CampaignRequest> = {}): CampaignRequest => ({
  segment: 'Champions',
  goal: 'convert_to_paid',
  sequence,
  ...more,
});

function faultsOf(request: CampaignRequest, earlier: Parameters<typeof makePlan>[1] = null): Record<string, string> {
  const made = makePlan(request, earlier);
  return made.status === 'made' ? {} : Object.fromEntries(made.faults.map(({ field, message }) => [field, message]));
}

describe('a plan', () => {
  it("is made from the document's campaign, with its words apart", () => {
    const made = makePlan(fourSteps);
    assert.ok(made.status === 'made');
    const { plan, contents } = made;
    assert.deepEqual(
      plan.steps.map(({ key, day, channel, sendTime }) => [key, day, channel, sendTime]),
      [
        [1, 0, 'email', 'optimal'],
        [2, 1, 'whatsapp', 600],
        [3, 2, 'in_app', null],
        [4, 4, 'email', 'optimal'],
      ],
    );
    assert.equal(plan.version, 1);
    assert.deepEqual(plan.exits, { goal: true, segmentLeft: false, pause: false });
    assert.equal(plan.lifetimeMs, (4 + 30) * DAY_MS + 3 * 72 * HOUR_MS);
    assert.deepEqual(contents[2], { key: 3, text: 'Interactive product tour' });
    assert.ok(!JSON.stringify(plan).includes('{{first_name}}'));
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
  });

  it('looks with each trigger at the step before, or the one before on its channel', () => {
    const plan = planOf(fourSteps);
    const [first, second, third] = plan.steps;
    assert.equal(plan.steps[1]?.trigger?.bit, first?.marks.opened);
    assert.equal(plan.steps[2]?.trigger?.bit, second?.marks.replied);
    assert.equal(plan.steps[3]?.trigger?.bit, third?.marks.clicked);
    assert.equal(plan.steps[3]?.trigger?.missedBit, third?.missedBit);
    assert.deepEqual(plan.steps[3]?.marks, {});
  });

  it('says which reactions are of use to it', () => {
    const plan = planOf(fourSteps);
    const used = (key: number) => (['delivered', 'opened', 'clicked', 'replied'] as const).filter((one) => usesReaction(plan, key, one));
    assert.deepEqual([1, 2, 3, 4, 5].map(used), [['opened', 'clicked', 'replied'], ['replied'], ['clicked', 'replied'], [], []]);
  });

  it('gives those who do not react the way out, and reminders the way on', () => {
    const plan = planOf(fiveSteps);
    assert.deepEqual(
      plan.steps.map(({ next, otherwise }) => [next, otherwise]),
      [
        [1, -1],
        [2, -1],
        [3, -1],
        [4, -1],
        [5, 5],
      ],
    );
  });
});

describe('the next version of a plan', () => {
  const first = planOf(fourSteps);
  const keyed = fourSteps.sequence.map((step, i) => ({ ...step, step_key: i + 1 }));

  it('keeps the keys it is given, and gives new steps keys that no version had', () => {
    const without = makePlan({ ...fourSteps, sequence: keyed.slice(0, 3) }, first);
    assert.ok(without.status === 'made');
    assert.deepEqual([without.plan.version, without.plan.lastKey], [2, 4]);
    const again = makePlan({ ...fourSteps, sequence: [...keyed.slice(0, 3), fourSteps.sequence[3]!] }, without.plan);
    assert.ok(again.status === 'made');
    assert.deepEqual(
      again.plan.steps.map(({ key }) => key),
      [1, 2, 3, 5],
    );
  });

  it('refuses a key that was another step’s', () => {
    const without = planOf({ ...fourSteps, sequence: keyed.slice(0, 3) });
    assert.match(faultsOf({ ...fourSteps, sequence: keyed }, { ...without, lastKey: 4 })['sequence[3].step_key'] ?? '', /never reused/);
    const moved = keyed.map((step) => (step.step_key === 4 ? { ...step, channel: 'push' } : step));
    assert.match(faultsOf({ ...fourSteps, sequence: moved }, first)['sequence[3].step_key'] ?? '', /a step on email/);
  });
});

describe('what is wrong with a campaign', () => {
  const rows: readonly [string, CampaignRequest, string, RegExp][] = [
    ['no steps', campaign([]), 'sequence', /at least one/],
    ['too many steps', campaign(Array.from({ length: 31 }, () => email)), 'sequence', /31 steps, and 30/],
    ['no segment', campaign([email], { segment: ' ' }), 'segment', /by its name or id/],
    ['an unknown entry', campaign([email], { entry: 'signup' }), 'entry', /"signup"/],
    ['an event without a name', campaign([email], { entry: { event: '' } }), 'entry.event', /name of the event/],
    ['an unknown frequency', campaign([email], { frequency: 'hourly' }), 'frequency', /daily, weekly, monthly/],
    ['a frequency for an event', campaign([email], { frequency: 'daily', entry: { event: 'x' } }), 'frequency', /its entry is launch/],
    ['two ways to enter again', campaign([email], { frequency: 'daily', re_entry: 'never' }), 're_entry', /frequency alone/],
    ['an unknown re-entry', campaign([email], { re_entry: 'always' }), 're_entry', /"always"/],
    ['re-entry after no time', campaign([email], { entry: 'segment', re_entry: { after_days: 0 } }), 're_entry.after_days', /not 0/],
    ['re-entry where all enter at the launch', campaign([email], { re_entry: 'after_leaving' }), 're_entry', /enters once/],
    [
      'leaving with a segment that is not there',
      { sequence: [email], entry: { event: 'signed_up' }, exit_on_segment_left: true },
      'exit_on_segment_left',
      /no segment/,
    ],
    ['a life too short', campaign([{ ...email, day: 9 }], { lifetime_days: 9 }), 'lifetime_days', /^10 /],
    ['all topics', campaign([email], { topic: '*' }), 'topic', /one topic/],
    ['a priority of a place', campaign([email], { priority: 10 }), 'priority', /0 to 9/],
    ['half a day', campaign([{ ...email, day: 0.5 }]), 'sequence[0].day', /whole days/],
    ['days out of order', campaign([{ ...email, day: 3 }, email]), 'sequence[1].day', /0 comes after 3/],
    ['an unknown channel', campaign([{ ...email, channel: 'fax' }]), 'sequence[0].channel', /not "fax"/],
    ['no template', campaign([{ ...email, template: '' }]), 'sequence[0].template', /template/],
    ['an odd hour', campaign([{ ...email, send_time: 'noon' }]), 'sequence[0].send_time', /not "noon"/],
    ['a subject of an SMS', campaign([{ ...email, channel: 'sms', subject: 'x' }]), 'sequence[0].subject', /no subject/],
    ['two texts', campaign([{ ...email, message: 'x', content: 'y' }]), 'sequence[0].content', /one of the two/],
    [
      'a key twice',
      campaign([
        { ...email, step_key: 2 },
        { ...email, step_key: 2 },
      ]),
      'sequence[1].step_key',
      /twice/,
    ],
    ['a key of 0', campaign([{ ...email, step_key: 0 }]), 'sequence[0].step_key', /^1 to/],
    ['an unknown trigger', campaign([{ ...email, trigger: 'email_seen' }]), 'sequence[0].trigger', /none of segment_entry, /],
    ['a trigger that nothing comes before', campaign([{ ...email, trigger: 'email_opened' }]), 'sequence[0].trigger', /earlier email step/],
    ['one of another channel', campaign([email, { ...email, trigger: 'sms_replied' }]), 'sequence[1].trigger', /earlier sms step/],
    ['a later step watched', campaign([email, { ...email, trigger: 'opened', trigger_step: 2 }]), 'sequence[1].trigger_step', /not 2/],
    [
      'a channel that never tells',
      campaign([
        { ...email, channel: 'sms' },
        { ...email, trigger: 'opened' },
      ]),
      'sequence[1].trigger',
      /never be seen of a step on sms/,
    ],
    [
      'a step of another channel named',
      campaign([
        { ...email, channel: 'sms' },
        { ...email, trigger: 'email_opened', trigger_step: 1 },
      ]),
      'sequence[1].trigger',
      /on sms/,
    ],
    ['converted, though that is the end', campaign([email, { ...email, trigger: 'converted' }]), 'sequence[1].trigger', /exit_on_goal/],
    [
      'a goal looked at, and none there',
      { segment: 'x', sequence: [email, { ...email, trigger: 'not_converted' }] },
      'sequence[1].trigger',
      /have a goal/,
    ],
    [
      'an else that is never taken',
      campaign([email, { ...email, trigger: 'not_converted', else: 'leave' }]),
      'sequence[1].else',
      /never taken/,
    ],
    ['a needless time-out', campaign([{ ...email, timeout_hours: 5 }]), 'sequence[0].timeout_hours', /no meaning/],
    [
      'no time to react',
      campaign([email, { ...email, trigger: 'opened', timeout_hours: 0 }]),
      'sequence[1].timeout_hours',
      /1 to 2160 whole hours/,
    ],
    ['a way back', campaign([email, { ...email, next: 1 }]), 'sequence[1].next', /a later step/],
    ['a way round and round', campaign([email, { ...email, next: 2 }]), 'sequence[1].next', /a later step/],
    [
      'a step that only those reach who have left',
      campaign([email, { ...email, trigger: 'not_converted', next: 'leave' }, email]),
      'sequence[2]',
      /never reached/,
    ],
    ['an else to nowhere', campaign([email, { ...email, trigger: 'opened', else: 'skip' }]), 'sequence[1].else', /not "skip"/],
    ['a step past which all go', campaign([{ ...email, next: 3 }, email, email]), 'sequence[1]', /never reached/],
    [
      'a watched step that is never on the way',
      campaign([email, { ...email, trigger: 'opened', else: 3, next: 'leave' }, { ...email, trigger: 'clicked', trigger_step: 2 }]),
      'sequence[2].trigger',
      /no way leads from the step with the key 2/,
    ],
    [
      'too much watched',
      campaign([email, ...Array.from({ length: 16 }, (): StepRequest => ({ ...email, trigger: 'opened' }))]),
      'sequence',
      /32 things/,
    ],
  ];
  for (const [what, request, field, message] of rows) {
    it(`${what} is one fault, at ${field}`, () => {
      const faults = faultsOf(request);
      assert.deepEqual(Object.keys(faults), [field]);
      assert.match(faults[field] ?? '', message);
    });
  }

  it('is told all at once', () => {
    const faults = faultsOf(
      campaign(
        [
          { ...email, channel: 'fax', day: -1 },
          { ...email, trigger: 'sms_replied', else: 1 },
        ],
        { segment: '', frequency: 'x' },
      ),
    );
    assert.deepEqual(Object.keys(faults), [
      'sequence[0].day',
      'sequence[0].channel',
      'sequence[1].trigger',
      'sequence[1].else',
      'segment',
      'frequency',
    ]);
  });
});
