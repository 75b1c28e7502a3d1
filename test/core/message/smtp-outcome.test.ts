import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { projectRoot } from '../../../config.js';
import { concernsAllMails, smtpOutcome, type SmtpAnswer } from '../../../core/message/smtp-outcome.js';

const NOW = 1_000_000_000;
type Failed = Extract<SmtpAnswer, { kind: 'failed' }>;
const failed = (changes: Partial<Failed>): Failed => ({
  kind: 'failed',
  code: 'EENVELOPE',
  command: 'RCPT TO',
  reply: undefined,
  isEnded: false,
  ...changes,
});

/** `waits 60`, `refused account`, `refused unreachable`, … and `of all` where no other mail need be tried. */
function told(answer: SmtpAnswer): string {
  const outcome = smtpOutcome(answer, NOW);
  const all = concernsAllMails(answer) ? ', of all' : '';
  if (outcome.kind === 'refused') return `refused ${outcome.addressFault ?? outcome.concerns}${all}`;
  return (outcome.kind === 'not_accepted' ? `waits ${(outcome.retryAtMs - NOW) / 1_000}` : outcome.kind) + all;
}

const REPLIES: readonly (readonly [command: string, reply: string, means: string])[] = [
  ['RCPT TO', '550 5.1.1 <ann@people.example>: no such user', 'refused unreachable'],
  ['RCPT TO', '550-5.1.1 There is nobody\n550 5.1.1 of this name', 'refused unreachable'],
  ['DATA', '550 5.1.1 no such user', 'refused unreachable'],
  ['RCPT TO', '553 5.1.3 bad syntax', 'refused unreachable'],
  ['RCPT TO', '550 5.1.10 the domain takes no mail', 'refused unreachable'],
  ['RCPT TO', '550 5.2.1 the mailbox is disabled', 'refused unreachable'],
  ['RCPT TO', '550 no such user', 'refused request'],
  ['RCPT TO', '552 5.2.2 the mailbox is full', 'refused request'],
  ['RCPT TO', '550 5.7.1 blocked by a policy', 'refused request'],
  ['DATA', '554 5.7.1 this looks like spam', 'refused request'],
  ['DATA', '552 5.3.4 too large', 'refused request'],
  ['MAIL FROM', '552 5.3.4 too large', 'refused request'],
  ['MAIL FROM', '555 5.5.4 no such parameter', 'refused request'],
  ['MAIL FROM', '553 5.6.7 no such encoding', 'refused request'],
  ['MAIL FROM', '553 5.1.7 bad sender', 'refused account, of all'],
  ['MAIL FROM', '550 5.7.1 not your address', 'refused account, of all'],
  ['RCPT TO', '550 5.1.8 bad sender', 'refused account, of all'],
  ['RCPT TO', '554 5.7.1 <ann@people.example>: Relay access denied', 'refused account, of all'],
  ['RCPT TO', '550 we do not relay', 'refused account, of all'],
  ['RCPT TO', '550 5.4.5 Daily user sending quota exceeded', 'refused account, of all'],
  ['RCPT TO', '550 5.1.1 no such user at relay.example', 'refused unreachable'],
  ['MAIL FROM', '530 5.7.0 authenticate first', 'refused account, of all'],
  ['AUTH PLAIN', '535 5.7.8 wrong password', 'refused account, of all'],
  ['CONN', '554 5.7.1 you are on a list', 'refused account, of all'],
  ['EHLO', '501 5.5.4 what a name', 'refused account, of all'],
  ['RCPT TO', '450 4.2.0 greylisted', 'waits 310'],
  ['RCPT TO', '451 4.7.1 try again in 300 seconds', 'waits 310'],
  ['RCPT TO', '452 4.2.2 the mailbox is full', 'waits 21600'],
  ['MAIL FROM', '452 4.3.1 no room', 'waits 310'],
  ['DATA', '451 4.3.0 try again', 'waits 310'],
  ['RCPT TO', '421 4.3.2 closing', 'waits 60, of all'],
  ['DATA', '421 4.4.2 time-out', 'waits 60, of all'],
  ['AUTH PLAIN', '454 4.7.0 cannot tell just now', 'waits 60, of all'],
  ['CONN', '421 too many connections', 'waits 60, of all'],
];

describe('what an answer of a mail server means for the mail', () => {
  for (const [command, reply, means] of REPLIES) {
    it(`${command} ${reply.split('\n')[0]} → ${means}`, () => {
      assert.equal(told(failed({ command, reply })), means);
      // Whatever was written: a reply is a reply.
      assert.equal(told(failed({ command, reply, isEnded: true })), means);
    });
  }

  it('is that nobody knows once the dot may have been written and no refusal was seen, and only then', () => {
    assert.equal(told({ kind: 'accepted' }), 'accepted');
    const broken = ['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EABORT', 'ESTREAM', 'EPROTOCOL', undefined];
    for (const code of broken) {
      assert.equal(told(failed({ code, command: 'CONN' })), 'waits 5');
      assert.equal(told(failed({ code, command: 'CONN', isEnded: true })), 'ambiguous');
    }
    for (const reply of ['what?', '354 go on', '199 hm', '45', '']) {
      assert.equal(told(failed({ code: 'EMESSAGE', command: 'DATA', reply, isEnded: true })), 'ambiguous');
      assert.equal(told(failed({ command: 'DATA', reply })), 'waits 5');
    }
    assert.equal(told(failed({ code: 'ETLS', command: 'STARTTLS' })), 'refused account, of all');
    for (const cause of [
      'CERT_HAS_EXPIRED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ]) {
      assert.equal(told(failed({ code: 'ESOCKET', cause, command: 'CONN' })), 'refused account, of all');
    }
    assert.equal(told(failed({ code: 'ESOCKET', cause: 'ECONNREFUSED', command: 'CONN' })), 'waits 5');
    assert.equal(told(failed({ code: 'EAUTH', command: 'API' })), 'refused account, of all');
    assert.equal(told(failed({ code: 'EENVELOPE', command: 'API' })), 'refused request');
    assert.equal(told(failed({ code: 'EMESSAGE', command: 'MAIL FROM' })), 'refused request');
  });

  it('never says that a mail was not taken of one whose end was written, without a refusal', () => {
    const codes = fc.option(fc.constantFrom('ECONNECTION', 'ETIMEDOUT', 'EMESSAGE', 'EENVELOPE', 'EAUTH', 'ETLS', 'ECONFIG'), {
      nil: undefined,
    });
    const replies = fc.option(fc.oneof(fc.string(), fc.stringMatching(/^[1236-9]\d\d[ -].*$/)), { nil: undefined });
    fc.assert(
      fc.property(codes, fc.constantFrom('CONN', 'DATA', 'RCPT TO', undefined), replies, (code, command, reply) => {
        fc.pre(!/^[45]\d\d([ -]|$)/m.test((reply ?? '').replaceAll('\r', '\n')));
        assert.equal(told(failed({ code, command, reply, isEnded: true })), 'ambiguous');
      }),
    );
  });

  it('repeats no address', () => {
    const outcome = smtpOutcome(failed({ reply: '550 5.1.1 <ann@people.example>: nobody, "bob@people.example" either' }), NOW);
    assert.ok(outcome.kind === 'refused');
    assert.equal(outcome.because, 'the mail server refused it (550): 5.1.1 <(an address)>: nobody, "(an address)" either');
  });

  it('stands in the documentation', async () => {
    const docs = await readFile(join(projectRoot, 'docs/campaigns.md'), 'utf8');
    for (const words of ['what a mail server answers', '5.1.1', 'after the dot']) assert.ok(docs.includes(words), words);
  });
});
