import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readReply, type ReplyReading } from '../../../core/consent/opt-out-words.js';
import { clausesOf } from '../../../core/consent/reply-clauses.js';
import { indexPhrases } from '../../../core/consent/reply-phrases.js';
import { languages } from '../../../core/consent/reply-words/languages.js';
import { linesOf } from './reply-sentences.js';

const readings: readonly ReplyReading[] = ['stop', 'start', 'help', 'maybe_stop', 'none'];

describe('a reply', () => {
  for (const reading of readings) {
    it(`is read as ${reading} in every sentence of that table`, () => {
      const misread = linesOf(reading).flatMap((line) => (readReply(line) === reading ? [] : [`${line} → ${readReply(line)}`]));
      assert.deepEqual(misread, []);
    });
  }

  it('has a table that is long enough to mean something', () => {
    assert.ok(readings.flatMap(linesOf).length >= 300);
    assert.ok(linesOf('none').length >= 60);
  });
});

const fullWidth = (text: string): string =>
  text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)).replaceAll(' ', '\u3000');
const zeroWidth = (text: string): string => Array.from(text).join('\u200b');
const DISGUISES: readonly ((text: string) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.normalize('NFD'),
  (text) => text.normalize('NFKD').replace(/\p{M}/gu, ''),
  fullWidth,
  zeroWidth,
  (text) => `  ${text.replaceAll(' ', '   ')}\n`,
  (text) => `${text} 🙏🏽❤️`,
  (text) => `👋 ${text}`,
  (text) => `${text}...`,
  (text) => `*${text}*`,
];

describe('the reading of a reply', () => {
  const sentence = fc.constantFrom(...readings.flatMap((reading) => linesOf(reading).map((line) => [line, reading] as const)));

  it('does not depend on case, accents, width, spaces, emoji or closing punctuation', () => {
    fc.assert(
      fc.property(sentence, fc.subarray([...DISGUISES], { minLength: 1, maxLength: 3 }), ([line, reading], disguises) => {
        assert.equal(readReply(disguises.reduce((text, disguise) => disguise(text), line)), reading);
      }),
      { numRuns: 3000 },
    );
  });

  it('never finds a word inside another', () => {
    const keyword = fc.constantFrom(
      ...languages.flatMap(({ alone }) => `${alone.stop} ${alone.start} ${alone.help}`.match(/[\p{L}\d]{3,}/gu) ?? []),
    );
    const around = fc.constantFrom('zq', 'wx', 'qy', 'kz');
    fc.assert(
      fc.property(keyword, around, around, fc.boolean(), fc.boolean(), (word, before, after, isBefore, isAfter) => {
        const glued = `${isBefore || !isAfter ? before : ''}${word}${isAfter ? after : ''}`;
        assert.equal(readReply(glued), 'none', glued);
        assert.equal(readReply(`the ${glued} of my order`), 'none', glued);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same with please and thanks around a keyword', () => {
    const keyword = fc.constantFrom(
      'stop',
      'START',
      'Help',
      'unsubscribe',
      'désabonner',
      'baja',
      'abmelden',
      'sispann',
      'sair',
      'disiscrivimi',
    );
    const polite = fc.array(
      fc.constantFrom('please', 'thank you', 'hi', 'svp', 'por favor', 'bitte', 'tanpri', 'grazie', 'aub', '!', '🙏'),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(keyword, polite, polite, (word, before, after) => {
        assert.equal(readReply([...before, word, ...after].join(' ')), readReply(word));
      }),
    );
  });

  it('is none of words that mean nothing here', () => {
    const word = fc.string({ unit: fc.constantFrom('z', 'q', 'w', 'x', 'k', 'y'), minLength: 2, maxLength: 9 });
    fc.assert(fc.property(fc.array(word, { maxLength: 30 }), (words) => assert.equal(readReply(words.join(' ')), 'none')));
  });

  it('is one of the five for any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => assert.ok(readings.includes(readReply(text)))),
      { numRuns: 300 },
    );
  });

  it('takes no longer for a very long text than for a long one', () => {
    for (const part of [
      'no ',
      'stop ',
      'a',
      '> ',
      'on x wrote ',
      'melden sie mich ',
      '\u0300',
      'ﷺ',
      '\ud800',
      '.',
      'stop ~ with all these ',
    ]) {
      const startedMs = performance.now();
      readReply(part.repeat(1_000_000 / part.length));
      assert.ok(performance.now() - startedMs < 500, part);
    }
  });

  it('of an e-mail is that of what its writer wrote, not of our own words below it', () => {
    const ours = '> To unsubscribe click here\n> or reply STOP';
    assert.equal(readReply(`Love it, two please\n\nOn Mon, 2 Mar 2026 at 10:00, Shop <shop@example.test> wrote:\n${ours}`), 'none');
    assert.equal(readReply(`Merci !\n\nLe lun. 2 mars 2026 à 10:00, Shop <shop@example.test> a écrit :\nse désabonner`), 'none');
    assert.equal(readReply(`Danke!\n\nVon: Shop\nGesendet: Montag\n\nHier abmelden`), 'none');
    assert.equal(readReply(`Please remove me\n\nOn Mon, Shop wrote:\n${ours}`), 'stop');
    assert.equal(readReply(`${ours}\nplease stop`), 'stop');
  });
});

describe('the words of a language', () => {
  it('are written as replies are compared, so that each can be found', () => {
    for (const { alone, anywhere, courtesy } of languages) {
      for (const list of [...Object.values(alone), ...Object.values(anywhere), courtesy]) {
        for (const word of list.split(/[\s/]+/).map((slot) => slot.replace(/\?$/, ''))) {
          if (word !== '' && word !== '~') assert.deepEqual(clausesOf(word).flat(), [word]);
        }
      }
    }
  });

  it('cannot begin with a word that may be missing', () => {
    assert.throws(() => indexPhrases([['stop', 'please? stop']]), /begins with a word that must be there: please\? stop/);
  });
});
