import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { LINK_TOKEN_CHARS, readLink, signLink } from '../../../core/message/link-token.js';
import { isLinkRobot } from '../../../core/message/link-robots.js';
import { seededRandom } from '../../../core/random.js';

const key = Buffer.from('a key for tests, of 32 bytes  ..');
const MOST = 2 ** 40 - 1;

describe('the token of a link', () => {
  it('is short, says the same again, and is always the same', () => {
    for (const link of [
      { linkId: 0, messageId: 0 },
      { linkId: 1, messageId: MOST },
      { linkId: MOST, messageId: 12_345_678 },
    ]) {
      const token = signLink(key, link);
      assert.equal(token.length, LINK_TOKEN_CHARS);
      assert.equal(token, signLink(key, link));
      assert.deepEqual(readLink(key, token), link);
    }
  });

  it('tells nobody of its numbers: neighbours share no more than chance', () => {
    const tokens = Array.from({ length: 200 }, (_, messageId) => signLink(key, { linkId: 1, messageId }));
    assert.equal(new Set(tokens.map((token) => token.slice(0, 8))).size, 200);
    assert.equal(new Set(tokens.map((token) => token.slice(-8))).size, 200);
  });

  it('refuses a number that does not fit', () => {
    for (const linkId of [-1, 1.5, MOST + 1, Number.NaN]) assert.throws(() => signLink(key, { linkId, messageId: 1 }), RangeError);
  });

  it('is nothing in any other form, under any other key, or as a token that was made up', () => {
    const random = seededRandom(22);
    const token = signLink(key, { linkId: 7, messageId: 8 });
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    assert.equal(readLink(Buffer.from('another key for tests, 32 bytes!'), token), undefined);
    for (const odd of [undefined, null, 7, {}, '', `${token}A`, token.slice(1), ` ${token.slice(1)}`, '%00', 'ü'.repeat(24)]) {
      assert.equal(readLink(key, odd), undefined);
    }
    for (let at = 0; at < token.length; at += 1) {
      for (const letter of letters) {
        const mutant = `${token.slice(0, at)}${letter}${token.slice(at + 1)}`;
        if (mutant !== token) assert.equal(readLink(key, mutant), undefined);
      }
    }
    for (let i = 0; i < 1_000; i += 1) {
      const invented = Array.from({ length: LINK_TOKEN_CHARS }, () => letters[Math.floor(random() * letters.length)]).join('');
      assert.equal(readLink(key, invented), undefined);
      assert.equal(readLink(key, randomBytes(18).toString('base64url')), undefined);
    }
  });
});

describe('who is no person', () => {
  it('is who looks at links for a preview, by name', () => {
    for (const robot of [
      'WhatsApp/2.23.18.78 i',
      'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0',
      'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
      'Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)',
      'GoogleMessages',
      'TelegramBot (like TwitterBot)',
      'Mozilla/5.0 (compatible; Somebot/3.0; +https://some.example)',
      'a crawler of ours',
      '',
      undefined,
    ]) {
      assert.equal(isLinkRobot(robot), true, robot);
    }
  });

  it('is no browser, though it runs inside of WhatsApp or on an odd telephone', () => {
    for (const browser of [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
      'Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS;FBAV/467.0]',
    ]) {
      assert.equal(isLinkRobot(browser), false, browser);
    }
  });
});
