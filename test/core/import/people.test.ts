import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Columns } from '../../../core/import/columns.js';
import { parseConsent } from '../../../core/import/consent.js';
import { createPersonReader, type PersonMapping } from '../../../core/import/people.js';
import type { ImportedPerson } from '../../../core/import/person-draft.js';
import type { Cells } from '../../../core/import/rows.js';

const nowMs = Date.parse('2025-01-01T00:00:00Z');
const named = (...names: string[]): Columns => ({ kind: 'named', names });
const read = (columns: Columns, cells: Cells, mapping: Partial<PersonMapping> = {}) =>
  createPersonReader({ consentSource: 'the test', ...mapping }, columns, { timeZone: 'UTC', nowMs })(cells);
const person = (...input: Parameters<typeof read>): ImportedPerson => {
  const reading = read(...input);
  assert.ok(typeof reading === 'object');
  return reading;
};
const faultOf = (...input: Parameters<typeof read>): string => {
  const reading = read(...input);
  assert.ok(typeof reading === 'string');
  return reading;
};
const consents = (...input: Parameters<typeof read>) =>
  Object.fromEntries(person(...input).contacts.map(({ channel, consent }) => [channel, consent]));

describe('a row of people', () => {
  it('is understood by the usual names of its columns', () => {
    const columns = named('Customer ID', 'E-Mail', 'Mobile Phone', 'Instagram Handle', 'First Name', 'TZ', 'Favourite');
    const cells = ['c1', ' Ana@Example.ORG ', '+1 (415) 555-0100', 'https://instagram.com/Ana.W/', 'Ana', 'Europe/Paris', '007'];
    assert.deepEqual(person(columns, cells), {
      userId: 'c1',
      traits: JSON.stringify({
        email: 'Ana@Example.ORG',
        phone: '+1 (415) 555-0100',
        instagram: 'https://instagram.com/Ana.W/',
        first_name: 'Ana',
        Favourite: '007',
      }),
      timeZone: 'Europe/Paris',
      contacts: [
        { channel: 'email', provider: '', address: 'ana@example.org' },
        { channel: 'sms', provider: '', address: '+14155550100' },
        { channel: 'social', provider: 'instagram', address: 'ana.w' },
      ],
    });
  });

  it('without an id is told by e-mail first, else phone, else a handle', () => {
    const columns = named('instagram', 'phone', 'email');
    assert.equal(person(columns, ['ana', '+14155550100', 'a@b.org']).contacts[0]?.channel, 'email');
    assert.equal(person(columns, ['ana', '+14155550100', '']).contacts[0]?.channel, 'sms');
    assert.equal(person(columns, ['ana', '', '']).contacts[0]?.channel, 'social');
    assert.match(faultOf(columns, ['', '555-0100', 'nobody']), /neither an id nor an address/);
  });

  it('keeps what cannot be an address as a trait', () => {
    const { contacts, traits } = person(named('id', 'phone'), ['1', '555-0100']);
    assert.deepEqual([contacts, traits], [[], '{"phone":"555-0100"}']);
  });

  it('may have its columns named by flags, and left out', () => {
    const columns = named('contact', 'ref', 'note', 'email');
    const mapping = { user: 'ref', fields: { email: 'contact', plan: 'note' }, skipped: [] };
    assert.deepEqual(person(columns, ['a@b.org', 'r1', 'gold', 'old@b.org'], mapping), {
      userId: 'r1',
      traits: '{"email":"a@b.org","plan":"gold"}',
      contacts: [{ channel: 'email', provider: '', address: 'a@b.org' }],
    });
    assert.equal(person(columns, ['', 'r1', 'gold', ''], { user: 'ref', skipped: ['note'] }).traits, '{}');
  });

  it('must say in some column who a person is', () => {
    assert.throws(() => read(named('city', 'plan'), ['x', 'y']), /no column of the file says who a person is .* it has "city", "plan"/);
  });
});

describe('consent in a list of people', () => {
  const columns = named('email', 'phone', 'consent', 'email_consent', 'sms opt-out', 'consent date', 'consent source');

  it('carries its source and date, from the row or else from the flags', () => {
    const [contact] = person(columns, ['a@b.org', '', 'yes', '', '', '2024-03-01', 'shop']).contacts;
    assert.deepEqual(contact, {
      channel: 'email',
      provider: '',
      address: 'a@b.org',
      consent: 'granted',
      consentSource: 'shop',
      consentAtMs: Date.UTC(2024, 2, 1),
    });
    const [other] = person(columns, ['a@b.org', '', 'no', '', '', '', ''], { consentAtMs: 5 }).contacts;
    assert.deepEqual([other?.consent, other?.consentSource, other?.consentAtMs], ['denied', 'the test', 5]);
  });

  it('to one channel is not consent to another, and a refusal wins', () => {
    assert.deepEqual(consents(columns, ['a@b.org', '+14155550100', '', 'yes', '', '', '']), { email: 'granted', sms: undefined });
    assert.deepEqual(consents(columns, ['a@b.org', '+14155550100', 'yes', '', 'yes', '', '']), { email: 'granted', sms: 'denied' });
    assert.deepEqual(consents(columns, ['a@b.org', '+14155550100', 'no', 'yes', '', '', '']), { email: 'denied', sms: 'denied' });
  });

  it('is not read from somebody not having opted out', () => {
    assert.deepEqual(consents(columns, ['a@b.org', '+14155550100', '', '', 'no', '', '']), { email: undefined, sms: undefined });
  });

  it('is never guessed', () => {
    assert.match(faultOf(columns, ['a@b.org', '', 'perhaps', '', '', '', '']), /column consent says neither yes nor no: perhaps/);
    assert.match(faultOf(columns, ['a@b.org', '', 'yes', '', '', 'once', '']), /column consent date is not a time/);
    assert.deepEqual(['Opted-In', 'FALSE', '', 'never subscribed', 3].map(parseConsent), [
      'granted',
      'denied',
      'unsaid',
      'unsaid',
      'unclear',
    ]);
  });
});
