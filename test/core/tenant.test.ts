import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCurrency, parseTimeZone } from '../../core/tenant.js';

describe('a time zone of a tenant', () => {
  it('is a name of the IANA database, under any of its names', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Asia/Calcutta', 'Etc/GMT+5']) {
      assert.equal(parseTimeZone(zone), zone);
    }
    for (const zone of Intl.supportedValuesOf('timeZone')) assert.equal(parseTimeZone(zone), zone);
  });

  it('is spelt as it is there, since other programs tell upper from lower case', () => {
    assert.throws(() => parseTimeZone('europe/berlin'), /RangeError: the time zone is written Europe\/Berlin/);
    assert.throws(() => parseTimeZone('asia/kolkata'), /begin with capitals/);
  });

  it('is no offset, which would not know of summer, and nothing else', () => {
    for (const text of ['', ' ', '+02:00', '02:00', 'Mars/Olympus', 'Europe/Berlin ', 'Europe', '../etc/passwd', '__proto__']) {
      assert.throws(() => parseTimeZone(text), RangeError, text);
    }
  });
});

describe('a currency of a tenant', () => {
  it('is a code of ISO 4217 in capitals', () => {
    for (const code of ['EUR', 'USD', 'JPY', 'BHD']) assert.equal(parseCurrency(code), code);
    for (const text of ['', 'eur', 'EURO', 'XYZ', '€']) assert.throws(() => parseCurrency(text), /ISO 4217/, text);
  });
});
