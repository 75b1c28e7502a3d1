import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockersOf, type PreflightFacts } from '../../../core/campaign/preflight.js';

const reach = { channel: 'email', reachable: 90, noAddress: 5, noConsent: 3, unconfirmed: 0, suppressed: 1, sameAddress: 1 } as const;
const fine: PreflightFacts = {
  segmentName: 'At Risk',
  recipients: 100,
  mayBeEmpty: false,
  reach: [reach],
  readiness: { email: true, in_app: true, sms: true, whatsapp: true, social: true, push: true },
};
const nobody = { ...reach, reachable: 0, sameAddress: 0 };

const off = {
  email: 'no provider is configured',
  in_app: 'it is off',
  sms: 'no provider of texts is',
  whatsapp: 'it has no sender',
  social: 'it has no app',
  push: 'no keys are',
};

describe('what stands in the way of a launch', () => {
  const cases: readonly (readonly [string, Partial<PreflightFacts>, readonly string[]])[] = [
    ['nothing, where somebody can be reached', {}, []],
    ['an empty segment, once', { recipients: 0, reach: [{ ...nobody, noAddress: 0 }] }, ['the segment At Risk has no members']],
    ['nothing, where nobody enters now and others will', { recipients: 0, mayBeEmpty: true, reach: [{ ...nobody, noAddress: 0 }] }, []],
    [
      'that nobody can be reached, and why',
      { reach: [{ ...nobody, noAddress: 1_200, noConsent: 1, unconfirmed: 2, suppressed: 0 }] },
      ['nobody can be reached by email: 1,200 have no address, 1 has no consent, 2 have not confirmed their consent'],
    ],
    [
      'a provider that is missing, beside all else',
      { recipients: 0, reach: [nobody], readiness: off },
      ['no email can be sent, because no provider is configured', 'the segment At Risk has no members'],
    ],
    [
      'what is missing for in-app messages, where there are some',
      { reach: [{ ...reach, channel: 'in_app' }], readiness: off },
      ['no in-app message can be sent, because it is off'],
    ],
    [
      'and for texts',
      {
        reach: [
          { ...reach, channel: 'sms' },
          { ...reach, channel: 'whatsapp' },
          { ...reach, channel: 'push' },
        ],
        readiness: off,
      },
      [
        'no SMS can be sent, because no provider of texts is',
        'no WhatsApp message can be sent, because it has no sender',
        'no push message can be sent, because no keys are',
      ],
    ],
  ];
  for (const [what, changes, blockers] of cases) {
    it(what, () => assert.deepEqual(blockersOf({ ...fine, ...changes }), blockers));
  }
});
