import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contactsOf, parseEmail, parseHandle, parsePhone, socialProviderOf } from '../../../core/event/contacts.js';

describe('an address', () => {
  it('of e-mail is trimmed and in lower case, or nothing', () => {
    assert.equal(parseEmail(' Ada.L+news@Example.ORG '), 'ada.l+news@example.org');
    for (const sent of ['', 'ada', 'ada@', '@example.org', 'ada@localhost', 'a b@example.org', 'a@b@c.org', 'a@example..org', 7, null]) {
      assert.equal(parseEmail(sent), undefined, String(sent));
    }
    assert.equal(parseEmail(`${'a'.repeat(250)}@example.org`), undefined);
  });

  it('of a telephone is E.164, or nothing where the country would be a guess', () => {
    assert.equal(parsePhone('+1 (415) 555-0100'), '+14155550100');
    assert.equal(parsePhone('0049 30 123456'), '+4930123456');
    for (const sent of ['415 555 0100', '+0 123456789', '+1', 'call me', `+${'1'.repeat(16)}`, 14_155_550_100, null]) {
      assert.equal(parsePhone(sent), undefined, String(sent));
    }
  });

  it('of a network is a handle without what stands around it', () => {
    assert.equal(parseHandle('https://www.instagram.com/Ada.L/?hl=en'), 'ada.l');
    assert.equal(parseHandle(' @Ada '), 'ada');
    assert.equal(parseHandle('two words'), undefined);
    assert.equal(socialProviderOf('Instagram handle'), 'instagram');
    assert.equal(socialProviderOf('twitter'), 'x');
    assert.equal(socialProviderOf('constructor'), undefined);
  });
});

describe('the contacts of a person', () => {
  it('are the e-mail address and the telephone that the traits name', () => {
    assert.deepEqual(contactsOf({ email: 'A@b.org', phone: '+4930123456', name: 'Ada' }), [
      { channel: 'email', provider: '', address: 'a@b.org' },
      { channel: 'sms', provider: '', address: '+4930123456' },
    ]);
    assert.deepEqual(contactsOf({ email: 'none', phone: 5 }), []);
  });
});
