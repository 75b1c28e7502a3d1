import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLocalDate } from '../../../core/ids.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import type { PlanContent } from '../../../core/journey/plan.js';
import { artifactOf } from '../../../core/outreach/artifact.js';
import { outreachChannels, plannableChannels } from '../../../core/outreach/channels.js';
import { ideasFor, type OutreachIdea } from '../../../core/outreach/idea.js';
import { needsPerson } from '../../../core/outreach/launching.js';
import { inOrderOfWorth } from '../../../core/outreach/order.js';
import { planOf, type Found } from '../../../core/outreach/plan.js';
import { archetypes } from '../../../core/segment/statistics.js';
import { inAppStepFaults, smsLengthOf, smsStepFaults } from '../../../core/template/text-faults.js';
import { EVERYTHING_READY } from '../../harness/campaigns.js';
import { AS_OF, segment, threeSegments } from '../../harness/segments.js';

const GOAL = 'convert_to_paid';
const nothingSeen = { ofAll: {}, bySegment: {} };
const kinds = archetypes.map((archetype) => segment(archetype, archetype, { archetype, users: 100 }));
const seen = { ofAll: { sign_up: 29, trial_started: 40 }, bySegment: { seg_champions: { product_added: 90, checkout_started: 30 } } };

const reach = (reachable: number, ownTimes = 0): Found => ({
  kind: 'reach',
  users: 800,
  reach: { channel: 'email', reachable, noAddress: 30, noConsent: 20, unconfirmed: 5, suppressed: 4, sameAddress: 1 },
  overCap: 7,
  ownTimes,
});

function planned(idea: OutreachIdea, found: Found) {
  const made = makePlan(idea.request);
  assert.ok(made.status === 'made', JSON.stringify(made));
  return planOf(idea, { asOf: AS_OF, plan: made.plan, found, usualSlot: { hour: 18 } });
}
const emailOf = (name: string): OutreachIdea => {
  const idea = ideasFor('email', threeSegments, { goal: GOAL, seen: nothingSeen }).ideas.find((one) => one.segment?.name === name);
  assert.ok(idea);
  return idea;
};

describe('the ideas of a walk', () => {
  it('are campaigns that can be made of what is there, on every channel, for every kind of segment, with a goal and without', () => {
    for (const channel of outreachChannels)
      for (const goal of [GOAL, null])
        for (const { request, name } of ideasFor(channel, kinds, { goal, seen }).ideas) {
          const made = makePlan(request);
          assert.ok(made.status === 'made', `${name}: ${JSON.stringify(made)}`);
          assert.equal(request.goal, goal ?? undefined);
          for (const step of made.plan.steps) {
            const content: PlanContent = made.contents.find(({ key }) => key === step.key) ?? { key: step.key };
            if (channel === 'sms')
              assert.deepEqual([smsStepFaults(step, content.text), smsLengthOf(content.text ?? '')?.segments], [[], 1]);
            if (channel === 'in_app') assert.deepEqual(inAppStepFaults(step, content), []);
          }
        }
  });

  it('are those of the playbook where templates have words, and say where it has nothing', () => {
    assert.deepEqual(
      ideasFor('email', kinds, { goal: GOAL, seen }).ideas.map(({ request }) => request.sequence.map(({ template }) => template)[0]),
      ['feature_highlight', 'feature_highlight', 'educational_series', 'feedback_request', 'limited_offer'],
    );
    const { ideas, unplanned } = ideasFor('whatsapp', kinds, { goal: GOAL, seen });
    assert.equal(ideas.length, 4);
    assert.deepEqual(
      unplanned.map(({ segment: of, because }) => [of?.name, because]),
      [['lost', 'the playbook has nothing on whatsapp for such a segment']],
    );
  });

  it('are in inboxes also an onboarding and what members leave unfinished, where enough people do such things', () => {
    const { ideas, unplanned } = ideasFor('in_app', kinds, { goal: GOAL, seen });
    const byEvent = ideas.filter(({ kind }) => kind !== 'segment').map(({ kind, segment: of, request }) => [kind, of?.name, request.entry]);
    assert.deepEqual(byEvent, [
      ['onboarding', undefined, { event: 'trial_started' }],
      ['trigger', 'champions', { event: 'checkout_started' }],
    ]);
    assert.equal(unplanned.length, 4);
    assert.match(ideasFor('in_app', kinds, { goal: null, seen }).unplanned[0]?.because ?? '', /has no goal/);
  });

  it('begin with the segment that is expected to bring most, and end with those of which nothing is known', () => {
    assert.deepEqual(
      inOrderOfWorth(threeSegments.toReversed()).map(({ name }) => name),
      ['Champions', 'Loyal Customers', 'Lost'],
    );
  });

  it('are for the channels alone on which the installation sends', () => {
    const readiness = { ...EVERYTHING_READY, sms: 'no provider', whatsapp: 'no provider' };
    const others = outreachChannels.filter((channel) => channel !== 'sms' && channel !== 'whatsapp');
    assert.deepEqual(plannableChannels(readiness), others);
    assert.ok(others.includes('email') && others.includes('in_app'));
  });
});

describe('a plan', () => {
  it('has every figure that is known, each with its basis', () => {
    const plan = planned(emailOf('Champions'), reach(740, 12));
    assert.ok('planId' in plan);
    assert.equal(plan.planId, 'seg_champions/email/members/feature_highlight');
    assert.deepEqual(plan.figures, {
      users: 800,
      reachable: 740,
      no_address: 30,
      no_consent: 20,
      unconfirmed: 5,
      suppressed: 4,
      same_address: 1,
      over_cap: 7,
      most_messages: 2_220,
      conversion_without_campaign: 0.5,
    });
    assert.deepEqual(
      [plan.basis.most_messages?.inputs, plan.basis.conversion_without_campaign?.inputs],
      [
        { reachable: 740, steps: 3 },
        { cohort_converted: 250, cohort_users: 500 },
      ],
    );
    assert.deepEqual(plan.sendTime, {
      hour: 18,
      minute: 0,
      because: "12 of them have a best time of their own; for the others the hour at which the tenant's people react on this channel",
    });
  });

  it('has no figure that nothing was measured of', () => {
    const plan = planned(emailOf('Lost'), reach(740));
    assert.ok('figures' in plan && !('conversion_without_campaign' in plan.figures) && !('engagement_rate' in plan.figures));
    const rated = segment('c', 'C', { users: 100, channelRates: { email: { users: 90, delivered: 400, engaged: 100, rate: 0.25 } } });
    const [idea] = ideasFor('email', [rated], { goal: null, seen: nothingSeen }).ideas;
    const withRate = idea && planned(idea, reach(90));
    assert.ok(withRate && 'figures' in withRate);
    assert.deepEqual([withRate.figures.engagement_rate, withRate.figures.conversion_without_campaign], [0.25, undefined]);
  });

  it('is none where too few can be reached', () => {
    const plan = planned(emailOf('Champions'), reach(29));
    assert.ok('because' in plan);
    assert.equal(plan.because, '29 can be reached, and fewer than 30 are no audience');
  });

  it('of what an event lets enter counts those who did it', () => {
    const idea = ideasFor('in_app', kinds, { goal: GOAL, seen }).ideas.find(({ kind }) => kind === 'trigger');
    assert.ok(idea);
    const plan = planned(idea, { kind: 'entrants', users: 30 });
    assert.ok('figures' in plan);
    assert.deepEqual(plan.figures, { entrants_last_30_days: 30, most_messages: 30 });
    assert.deepEqual(plan.basis.most_messages?.period, { from: '2025-11-28T08:00:00.000Z', to: AS_OF });
  });

  it('is kept with what is not planned, the same bytes for the same plans', () => {
    const write = () => {
      const plan = planned(emailOf('Champions'), reach(740));
      const plans = 'planId' in plan ? [plan] : [];
      const unplanned = [{ segment: null, name: 'Onboarding', because: 'nobody signs up' }];
      return JSON.stringify(artifactOf({ channel: 'email', walkDate: parseLocalDate('2025-12-28'), asOf: AS_OF, plans, unplanned }));
    };
    assert.equal(write(), write());
    assert.match(write(), /"not_planned":\[\{"segment":null,"campaign_name":"Onboarding","because":"nobody signs up"\}\]/);
  });
});

describe('a campaign that may launch by itself', () => {
  it('is entered once and gives nothing away', () => {
    assert.equal(needsPerson(emailOf('Champions').request), undefined);
    assert.match(needsPerson(emailOf('Lost').request) ?? '', /gives something away/);
    const events = ideasFor('in_app', kinds, { goal: GOAL, seen }).ideas.filter(({ kind }) => kind !== 'segment');
    const monthly = ideasFor('whatsapp', kinds, { goal: GOAL, seen }).ideas[0];
    assert.ok(monthly && events.length > 0);
    for (const { request } of [...events, monthly]) assert.match(needsPerson(request) ?? '', /again and again/);
  });
});
