import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { eventsOfComment } from '../../../core/message/comment-keywords.js';
import { readMetaEvents } from '../../../core/message/meta-events.js';
import { metaMessage } from '../../../core/message/meta-message.js';
import { metaOutcome, type MetaAnswer } from '../../../core/message/meta-outcome.js';
import { isVerifyToken, verifyMetaSignature } from '../../../core/message/meta-signature.js';
import { socialFault, type SocialMessage } from '../../../core/message/social-message.js';
import { openToken, sealToken } from '../../../core/message/social-token.js';
import { seededRandom } from '../../../core/random.js';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const answered = (status: number, body: unknown, headers = {}): MetaAnswer => ({ kind: 'answered', status, headers, body });
const error = (code: number, error_subcode?: number, message = 'no') => ({ error: { message, code, error_subcode } });

describe('what an answer of Meta means', () => {
  const cases: readonly (readonly [string, MetaAnswer, string])[] = [
    ['a message that was taken', answered(200, { recipient_id: '1', message_id: 'm_1' }), 'accepted'],
    ['200 from something between us and Meta', answered(200, '<html>'), 'ambiguous'],
    ['a closed window on Messenger', answered(400, error(10, 2018278)), 'refused: request'],
    ['a closed window on Instagram', answered(403, error(10, 2534022)), 'refused: request'],
    ['somebody who takes nothing from us', answered(400, error(551, 1545041)), 'refused: request'],
    ['the same under another code', answered(403, error(200, 1545041)), 'refused: request'],
    ['somebody whom it does not know', answered(400, error(100, 2018001)), 'refused: request'],
    ['a comment that was answered', answered(400, error(10900)), 'refused: request'],
    ['a permission that is missing', answered(403, error(10)), 'refused: account'],
    ['another one', answered(403, error(299)), 'refused: account'],
    ['a token that has expired', answered(401, error(190, 463)), 'refused: account'],
    ['too many requests of the app', answered(403, error(4)), 'not_accepted in 300 s'],
    ['too many requests of the page', answered(400, error(613)), 'not_accepted in 60 s'],
    ['a block', answered(400, error(368)), 'not_accepted in 3600 s'],
    ['429 without a word', answered(429, undefined), 'not_accepted in 60 s'],
    ['429 with a time', answered(429, undefined, { 'retry-after': '7' }), 'not_accepted in 7 s'],
    [
      'a time in the usage',
      answered(400, error(80006), {
        'x-business-use-case-usage': '{"1":[{"estimated_time_to_regain_access":12},{"estimated_time_to_regain_access":3}]}',
      }),
      'not_accepted in 720 s',
    ],
    ['an error of its own', answered(400, error(1, 1357046)), 'ambiguous'],
    ['a temporary failure', answered(400, error(1200)), 'ambiguous'],
    ['500', answered(500, error(2)), 'ambiguous'],
    ['408', answered(408, undefined), 'ambiguous'],
    ['a redirect', answered(302, undefined), 'ambiguous'],
    ['a name that is not found', { kind: 'broken', code: 'ENOTFOUND', written: 'unknown' }, 'not_accepted in 5 s'],
    ['a reset after it was written', { kind: 'broken', code: 'ECONNRESET', written: true }, 'ambiguous'],
  ];
  for (const [what, answer, means] of cases) {
    it(`of ${what} is ${means}`, () => {
      const outcome = metaOutcome(answer, NOW);
      const shown = {
        accepted: () => 'accepted',
        ambiguous: () => 'ambiguous',
        refused: () => `refused: ${outcome.kind === 'refused' ? outcome.concerns : ''}`,
        not_accepted: () => `not_accepted in ${outcome.kind === 'not_accepted' ? (outcome.retryAtMs - NOW) / 1_000 : ''} s`,
      };
      assert.equal(shown[outcome.kind](), means);
    });
  }

  it('says why without anybody’s id', () => {
    const outcome = metaOutcome(answered(400, error(100, 2018001, 'No matching user found: 5400000000000001')), NOW);
    assert.ok(outcome.kind === 'refused' && outcome.because.endsWith('No matching user found: (an id)'), JSON.stringify(outcome));
  });
});

describe('a message for Meta', () => {
  const message: SocialMessage = { token: 't1', provider: 'messenger', to: { kind: 'person', id: '54001' }, text: 'Hi' };
  it('carries our token where there is a place for it, and answers a comment in place of a person', () => {
    const { recipient, messaging_type, message: said } = metaMessage(message);
    assert.deepEqual([recipient, messaging_type, said], [{ id: '54001' }, 'RESPONSE', { text: 'Hi', metadata: 't1' }]);
    const answer = metaMessage({ ...message, provider: 'instagram', to: { kind: 'comment', id: '178001' } });
    assert.deepEqual(answer, { recipient: { comment_id: '178001' }, message: { text: 'Hi' } });
  });

  it('is refused before it is sent where the network would refuse it', () => {
    assert.equal(socialFault(message), undefined);
    assert.equal(socialFault({ ...message, text: 'x'.repeat(2_000) }), undefined);
    const faulty: Partial<SocialMessage>[] = [
      { text: ' ' },
      { text: 'x'.repeat(2_001) },
      { provider: 'instagram', text: 'é'.repeat(501) },
      { text: 'a\ud800' },
      { to: { kind: 'person', id: 'ana' } },
      { to: { kind: 'comment', id: '1_2_3' } },
      { token: 'a b' },
    ];
    for (const changes of faulty) assert.ok(socialFault({ ...message, ...changes }), JSON.stringify(changes));
  });
});

describe('a signature of Meta’s', () => {
  const body = Buffer.from('{"object":"page","entry":[{"id":"1","messaging":[{"message":{"mid":"m_1","text":"Hé 👍"}}]}]}');
  const signed = (bytes: Buffer, secret = 'secret') => `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;

  it('is that of the very bytes, by the secret of the app', () => {
    assert.ok(verifyMetaSignature('secret', signed(body), body));
    for (const wrong of [
      undefined,
      '',
      signed(body).toUpperCase(),
      signed(body).slice(0, -1),
      signed(body).replace('sha256=', 'sha1='),
      signed(body, 'other'),
      ['x'],
    ]) {
      assert.equal(verifyMetaSignature('secret', wrong, body), false);
    }
    assert.equal(verifyMetaSignature('', signed(body, ''), body), false);
  });

  it('is none of a thousand others', () => {
    const random = seededRandom(20_261_125);
    for (let i = 0; i < 1_000; i += 1) {
      const bytes = Buffer.from(body);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      assert.equal(verifyMetaSignature('secret', signed(body), bytes), false);
      const signature = signed(body);
      const cut = 7 + Math.floor(random() * 64);
      const other = signature.slice(0, cut) + ((parseInt(signature[cut] ?? '0', 16) + 1) % 16).toString(16) + signature.slice(cut + 1);
      assert.equal(verifyMetaSignature('secret', other, body), false);
    }
  });

  it('has beside it a token of the subscription, which is ours or not', () => {
    assert.ok(isVerifyToken('a token of ours', 'a token of ours'));
    for (const other of [undefined, '', 'a token of our', ['a token of ours'], 5])
      assert.equal(isVerifyToken('a token of ours', other), false);
  });
});

describe('the token of an account', () => {
  it('opens for its tenant and network alone', () => {
    const key = Buffer.alloc(32, 1);
    const owner = { tenantId: 'a', provider: 'messenger' } as const;
    const sealed = sealToken(key, owner, 'EAA', Buffer.alloc(12, 2));
    assert.equal(openToken(key, owner, sealed), 'EAA');
    assert.equal(openToken(key, { ...owner, tenantId: 'b' }, sealed), undefined);
    assert.equal(openToken(key, { ...owner, provider: 'instagram' }, sealed), undefined);
    assert.ok(!sealed.includes('EAA'));
  });
});

describe('a webhook of Meta’s', () => {
  const told = (messaging: object) => ({ object: 'page', entry: [{ id: '1', time: NOW, messaging: [messaging] }] });
  const parties = { sender: { id: '54' }, recipient: { id: '1' }, timestamp: NOW - 5_000 };
  const only = (body: unknown) => readMetaEvents(body, NOW)[0];

  it('tells of messages, buttons, echoes, deliveries and readings by Meta’s clock', () => {
    const base = { provider: 'messenger', account: '1', atMs: NOW - 5_000 };
    const message = { mid: 'm_1', text: 'Hi', reply_to: { mid: 'm_0' } };
    assert.deepEqual(only(told({ ...parties, message })), { ...base, kind: 'message', from: '54', mid: 'm_1', text: 'Hi', quotes: 'm_0' });
    assert.deepEqual(only(told({ ...parties, message: { mid: 'm_1', attachments: [{}] } })), {
      ...base,
      kind: 'message',
      from: '54',
      mid: 'm_1',
      text: '',
    });
    assert.deepEqual(only(told({ ...parties, postback: { mid: 'm_1', title: 'Yes' } })), {
      ...base,
      kind: 'message',
      from: '54',
      mid: 'm_1',
      text: 'Yes',
    });
    const ours = {
      sender: { id: '1' },
      recipient: { id: '54' },
      timestamp: NOW - 5_000,
      message: { mid: 'm_2', text: 'Hi', is_echo: true, metadata: 't' },
    };
    assert.deepEqual(only(told(ours)), { ...base, kind: 'echo', to: '54', mid: 'm_2', text: 'Hi', metadata: 't' });
    assert.deepEqual(only(told({ ...parties, delivery: { mids: ['m_1', 5, 'm_2'], watermark: 1 } })), {
      ...base,
      kind: 'delivered',
      mids: ['m_1', 'm_2'],
    });
    assert.deepEqual(only(told({ ...parties, read: { watermark: NOW - 9_000 } })), {
      ...base,
      kind: 'read',
      from: '54',
      untilMs: NOW - 9_000,
    });
    assert.deepEqual(only(told({ ...parties, timestamp: NOW + 1e9, read: { mid: 'm_1' } })), {
      ...base,
      atMs: NOW,
      kind: 'read',
      from: '54',
      mid: 'm_1',
      untilMs: 0,
    });
  });

  it('tells of comments of others, on either network', () => {
    const page = {
      item: 'comment',
      verb: 'add',
      comment_id: '1_9',
      post_id: '1_2',
      message: 'Price?',
      from: { id: '54', name: 'Ana' },
      created_time: NOW / 1_000 - 60,
    };
    const onPage = (value: object) => only({ object: 'page', entry: [{ id: '1', time: NOW, changes: [{ field: 'feed', value }] }] });
    const comment = {
      provider: 'messenger',
      account: '1',
      atMs: NOW - 60_000,
      kind: 'comment',
      from: '54',
      commentId: '1_9',
      text: 'Price?',
      post: '1_2',
    };
    assert.deepEqual(onPage(page), comment);
    assert.equal(onPage({ ...page, verb: 'edited' }), undefined);
    assert.equal(onPage({ ...page, item: 'like' }), undefined);
    assert.equal(onPage({ ...page, from: { id: '1' } }), undefined);
    const value = { id: '178', text: 'Price?', from: { id: '54', username: 'ana' }, media: { id: '179' } };
    const instagram = only({ object: 'instagram', entry: [{ id: '1', time: NOW / 1_000, changes: [{ field: 'comments', value }] }] });
    assert.deepEqual(instagram, { ...comment, provider: 'instagram', atMs: NOW, commentId: '178', post: '179' });
  });

  it('is read to its end, whatever in it cannot be used, and whatever it is', () => {
    const good = { ...parties, message: { mid: 'm_1', text: 'Hi' } };
    const body = {
      object: 'page',
      entry: [{ id: '1', messaging: [{ message: {} }, null, 5, { ...parties, typing: 1 }, good] }, { id: 'x' }, {}],
    };
    assert.deepEqual(
      readMetaEvents(body, NOW).map((event) => ('because' in event ? event.because : event.kind)),
      ['the message has no id', 'message', 'it names no account', 'it names no account'],
    );
    for (const wild of [
      undefined,
      null,
      5,
      'x',
      [],
      {},
      { object: '__proto__' },
      { object: 'page' },
      { object: 'page', entry: [[], { id: '1', changes: {} }] },
    ]) {
      assert.ok(readMetaEvents(wild, NOW).every((event) => 'because' in event));
    }
  });
});

describe('a comment', () => {
  const keywords = [
    { keyword: 'Price', event: 'asked_price' },
    { keyword: 'send info', event: 'asked_info' },
    { keyword: 'combien', event: 'asked_price' },
  ];
  it('is the events whose keywords stand in it as whole words, without regard to case, accents and marks', () => {
    assert.deepEqual(eventsOfComment('What’s the PRICE?!', keywords), ['asked_price']);
    assert.deepEqual(eventsOfComment('Cómbien… price, and SEND  info!', keywords), ['asked_price', 'asked_info']);
    assert.deepEqual(eventsOfComment('priceless, or send me info', keywords), []);
    assert.deepEqual(eventsOfComment('', [{ keyword: '👍', event: 'x' }]), []);
  });
});
