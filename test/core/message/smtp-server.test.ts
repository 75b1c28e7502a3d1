import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSmtpUrl } from '../../../core/message/smtp-server.js';

const PLAIN = { secure: false, requireTls: false };

describe('an SMTP URL', () => {
  it('says where mails are handed in, and as whom', () => {
    assert.deepEqual(parseSmtpUrl('smtp://postfix'), { host: 'postfix', port: 587, ...PLAIN });
    assert.deepEqual(parseSmtpUrl('smtp://[::1]:2525/'), { host: '::1', port: 2525, ...PLAIN });
    assert.deepEqual(parseSmtpUrl('smtps://shop%40example.com:p%40ss%2Fword@mail.example.com'), {
      host: 'mail.example.com',
      port: 465,
      secure: true,
      requireTls: false,
      login: { user: 'shop@example.com', password: 'p@ss/word' },
    });
  });

  it('lets no password out of this machine without TLS', () => {
    const requiresTls = (url: string) => {
      const server = parseSmtpUrl(url);
      return 'requireTls' in server && server.requireTls;
    };
    assert.equal(requiresTls('smtp://a:b@mail.example.com'), true);
    assert.equal(requiresTls('smtp://a:b@127.0.0.1'), false);
    assert.equal(requiresTls('smtp://a:b@localhost'), false);
    assert.equal(requiresTls('smtp://a:b@127.0.0.1.example.com'), true);
  });

  it('is refused without a word of it', () => {
    for (const url of [
      'http://a:secret@b',
      'smtp://',
      'smtp://a:secret@b/c',
      'smtp://a:secret@b?c',
      'smtp://a@b',
      'smtp://:secret@b',
      'smtp://a:%zzsecret@b',
      'secret',
      'smtp://a:secret@b:99999',
    ]) {
      const server = parseSmtpUrl(url);
      assert.ok('fault' in server, url);
      assert.ok(!server.fault.includes('secret'), url);
    }
  });
});
