import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventReader, type EventMapping, type ImportedEvent } from '../../../core/import/events.js';
import type { Columns } from '../../../core/import/columns.js';
import { createOrdinals } from '../../../core/import/ordinals.js';
import type { Cells } from '../../../core/import/rows.js';

const columns: Columns = { kind: 'named', names: ['id', 'when', 'sum', 'cur', 'page'] };
const mapping: EventMapping = {
  event: 'Order Completed',
  user: 'id',
  time: 'when',
  revenue: 'sum',
  currency: 'cur',
  properties: { path: 'page' },
};
const nowMs = Date.parse('2025-01-01T00:00:00Z');

const readerOf = (changes: Partial<EventMapping> = {}, of: Columns = columns) =>
  createEventReader({ ...mapping, ...changes }, of, { timeZone: 'UTC', currency: 'USD', nowMs, ordinals: createOrdinals() });
const read = (cells: Cells, changes: Partial<EventMapping> = {}, of?: Columns) => readerOf(changes, of)(cells);
const faultOf = (...input: Parameters<typeof read>): string => {
  const reading = read(...input);
  assert.ok(typeof reading === 'string');
  return reading;
};
const event = (cells: Cells, changes: Partial<EventMapping> = {}, of?: Columns): ImportedEvent => {
  const reading = read(cells, changes, of);
  assert.ok(typeof reading === 'object');
  return reading;
};

describe('a row of events', () => {
  it('means what it would mean by HTTP: names, properties and money go through the same tables', () => {
    const { messageId, ...rest } = event(['00001', '2024-01-05', '11.77', 'eur', '/home']);
    assert.match(messageId, /^import_[0-9a-z]{8}[\w-]{16}$/);
    assert.deepEqual(rest, {
      userId: '00001',
      event: 'purchase',
      occurredAtMs: Date.parse('2024-01-05T00:00:00Z'),
      properties: '{"page":"/home","revenue":11.77,"currency":"eur"}',
      revenueMinor: 1177,
      currency: 'EUR',
    });
  });

  it("with an amount below nothing is a refund, and without a currency in the tenant's", () => {
    const { event: name, revenueMinor, currency } = event(['1', '2024-01-05', '-5', '', '']);
    assert.deepEqual({ name, revenueMinor, currency }, { name: 'refund', revenueMinor: -500, currency: 'USD' });
  });

  it('may name one currency for all rows, unless a column has that name', () => {
    assert.equal(event(['1', '2024-01-05', '500', '', ''], { currency: 'JPY' }).revenueMinor, 500);
    assert.throws(() => readerOf({ currency: 'XXX' }), /no column "XXX"; it has "id", "when", "sum", "cur", "page"/);
  });

  it('reads amounts with thousands and with a decimal comma', () => {
    assert.equal(event(['1', '2024-01-05', '1,234.50', '', '']).revenueMinor, 123_450);
    assert.equal(event(['1', '2024-01-05', '1.234,50', '', ''], { decimalComma: true }).revenueMinor, 123_450);
    assert.equal(event(['1', '2024-01-05', '0,5', '', ''], { decimalComma: true }).revenueMinor, 50);
  });

  it('is rejected with the column and what it held', () => {
    const cases: [Cells, RegExp][] = [
      [['', '2024-01-05', '1', '', ''], /no user \(column id is empty\)/],
      [['a\0b', '2024-01-05', '1', '', ''], /user's id holds a NUL/],
      [['a\ud800', '2024-01-05', '1', '', ''], /half of a surrogate pair/],
      [['x'.repeat(256), '2024-01-05', '1', '', ''], /longer than 255/],
      [['1', 'yesterday', '1', '', ''], /column when is not a time: yesterday/],
      [['1', '1989-12-31', '1', '', ''], /not between 1990 and a day from now/],
      [['1', '2025-01-03', '1', '', ''], /not between 1990 and a day from now/],
      [['1', '2024-01-05', 'NaN', '', ''], /not an amount: NaN/],
      [['1', '2024-01-05', '1e400', '', ''], /not an amount: 1e400/],
      [['1', '2024-01-05', '1', 'dollars', ''], /not a currency of ISO 4217: dollars/],
      [['1', '2024-01-05', '1', '', 'a\0'], /properties\.page holds a NUL/],
      [['1', '2024-01-05', '1', '', 'x'.repeat(40_000)], /larger than 32 KB/],
      [['1', '2024-01-05', '1'], /has 3 fields where 5 are expected/],
    ];
    for (const [cells, reason] of cases) assert.match(faultOf(cells), reason);
  });

  it('of an event that is not ours is rejected as well when its amount is none', () => {
    assert.match(faultOf(['1', '2024-01-05', 'many', '', ''], { event: 'Donated' }), /column sum is not an amount: many/);
  });

  it('can come without a header, its columns called by their numbers', () => {
    const numbered: Columns = { kind: 'numbered', count: 4 };
    const byNumber: EventMapping = { event: 'purchase', user: '1', time: '2', revenue: '4' };
    const reader = createEventReader(byNumber, numbered, { timeZone: 'UTC', currency: 'USD', nowMs, ordinals: createOrdinals() });
    assert.equal((reader(['00001', '19970101', '1', '11.77']) as ImportedEvent).revenueMinor, 1177);
    assert.throws(() => readerOf({ user: '5' }, numbered), /no column "5"; without a header they are called 1 to 4/);
  });

  it('of NDJSON has its columns at the ends of paths, and names of its own', () => {
    const cells = { type: 'view_item', user: { id: 7 }, 'at.time': 1_704_412_800, detail: { page: '/x' } };
    const {
      userId,
      event: name,
      properties,
    } = event(
      cells,
      {
        event: { column: 'type' },
        user: 'user.id',
        time: 'at.time',
        revenue: 'none',
        currency: 'USD',
        properties: { path: 'detail.page' },
      },
      { kind: 'objects' },
    );
    assert.deepEqual([userId, name, properties], ['7', 'product_viewed', '{"page":"/x","currency":"USD"}']);
  });
});

describe('the message id of a row', () => {
  const row = ['1', '2024-01-05', '1', '', '/a'];

  it('is the same for the same content, whichever columns stand beside it', () => {
    const wider: Columns = { kind: 'named', names: ['note', 'id', 'when', 'sum', 'cur', 'page'] };
    assert.equal(event(row).messageId, event(['x', ...row], {}, wider).messageId);
  });

  it('differs with every part of the content', () => {
    const others = [
      row,
      ['2', ...row.slice(1)],
      ['1', '2024-01-06', '1', '', '/a'],
      ['1', '2024-01-05', '2', '', '/a'],
      ['1', '2024-01-05', '1', 'EUR', '/a'],
      ['1', '2024-01-05', '1', '', '/b'],
    ];
    assert.equal(new Set(others.map((cells) => event(cells).messageId)).size, others.length);
    assert.notEqual(event(row).messageId, event(row, { event: 'refund' }).messageId);
  });

  it('tells equal rows apart by their order', () => {
    const reader = readerOf();
    const ids = Array.from({ length: 40 }, () => (reader(row) as ImportedEvent).messageId);
    assert.equal(new Set(ids).size, 40);
    assert.deepEqual(ids.slice(1, 3), [`${ids[0]}_2`, `${ids[0]}_3`]);
    assert.equal(ids[39], `${ids[0]}_40`);
  });
});
