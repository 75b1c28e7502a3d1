import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TextRecipient } from '../../activities/channels/texts.js';
import { withOurLinks } from '../../activities/sending/linking.js';
import { createTextRenderer } from '../../activities/sending/text-rendering.js';
import type { TenantId } from '../../core/ids.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { readLink } from '../../core/message/link-token.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { findLinkTenant, followLink } from '../../db/queries/links.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { putWhatsappTemplate } from '../../db/queries/whatsapp-templates.js';
import { addSegment, ADDRESS_KEY, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT } from '../harness/ledger.js';
import { newNumber } from '../harness/texts.js';
import { UTILITY_SID } from '../harness/twilio.js';

const PUBLIC_URL = 'https://m.example';
const settings = { publicUrl: PUBLIC_URL, ledgerKey: ADDRESS_KEY };
const OURS = /https:\/\/m\.example\/l\/([\w-]{24})(?![\w-])/g;

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

/** Each link of ours with what it leads to in its place, and whose message it says it is. */
async function led(words: string): Promise<{ readonly words: string; readonly messages: readonly number[] }> {
  const messages: number[] = [];
  let shown = words;
  for (const [link, token] of words.matchAll(OURS)) {
    const read = readLink(ADDRESS_KEY, token);
    const tenantId = read && (await findLinkTenant(database, read.linkId));
    assert.ok(read && tenantId, link);
    const target = await followLink(database, tenantId, { ...read, clickedAt: null });
    messages.push(read.messageId);
    shown = shown.replace(link, `→${target}`);
  }
  return { words: shown, messages };
}

const rowsOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ told: string }>(
    `select concat_ws(' ', coalesce(message_id::text, 'all'), target) as told from links where tenant_id = $1 order by link_id`,
    [tenantId],
  );
  return rows.map(({ told }) => told);
};

/** A step of texts to ann and bob, whose messages have the numbers 1 and 2. */
async function prepared(words: Pick<StepRequest, 'message'>, channel: 'sms' | 'whatsapp' = 'sms') {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, ['ann', 'bob']);
  const key = await draftCampaign(database, tenantId, { segment, sequence: [{ day: 0, channel, template: 'hello', ...words }] });
  const { id: campaignId } = await database.withTenant(tenantId, async (tx) => {
    const number = newNumber();
    await putPhoneSenders(tx, tenantId, { smsNumber: number, smsService: null, whatsappNumber: number }, AT);
    return requireCampaign(tx, tenantId, key);
  });
  await database.admin.query("update users set traits = jsonb_build_object('first_name', user_id) where tenant_id = $1", [tenantId]);
  await database.admin.query(
    `insert into messages (tenant_id, message_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, call_id, claimed_at)
     overriding system value select $1, n, $2, 1, 1, p, $3, 0, n - 1, 'claimed', gen_random_uuid(), now()
     from unnest('{ann,bob}'::text[]) with ordinality u(p, n)`,
    [tenantId, campaignId, channel],
  );
  const step = { tenantId, campaignId, stepKey: 1, channel, batch: 0, members: [0, 1] } as const;
  const recipients = ['ann', 'bob'].map((userId, i): TextRecipient => ({
    userId,
    address: `+1415000000${i}`,
    messageId: i + 1,
    token: 'token',
    isOpen: true,
  }));
  const render = createTextRenderer({ database, ...settings });
  const contents = async () => (await render(step, channel, recipients, AT)).contents;
  return { tenantId, step, recipients, render, contents };
}

describe('the links of a text', () => {
  it('are ours, one row for all who get the same, and a row each where it is their own; again they are the same', async () => {
    const { tenantId, contents } = await prepared({
      message: 'https://shop.example/new, https://shop.example/of/{{ first_name }} and {{ unsubscribe_url }}',
    });
    const first = await contents();
    const texts = first.map((content) => ('kind' in content && content.kind === 'text' ? content.text : ''));
    const stop = `${PUBLIC_URL}/v1/unsubscribe/token`;
    assert.deepEqual(await Promise.all(texts.map(led)), [
      { words: `→https://shop.example/new, →https://shop.example/of/ann and ${stop}`, messages: [1, 1] },
      { words: `→https://shop.example/new, →https://shop.example/of/bob and ${stop}`, messages: [2, 2] },
    ]);
    assert.doesNotMatch(texts.join(), /shop\.example/);
    assert.equal(new Set(texts.flatMap((text) => text.match(OURS))).size, 4);
    assert.deepEqual(await contents(), first);
    assert.deepEqual((await rowsOf(tenantId)).toSorted(), [
      '1 https://shop.example/of/ann',
      '2 https://shop.example/of/bob',
      'all https://shop.example/new',
    ]);
  });

  it('never lead where a variable says: whoever can name themselves would else lead others by our name', async () => {
    const { tenantId, contents } = await prepared({
      message: 'Hello {{ first_name }}, https://shop.example{{ last_name }} {{ brand_url }}',
    });
    await database.admin.query(
      `update users set traits = '{"first_name": "https://evil.example/login", "last_name": ".evil.example/"}' where tenant_id = $1`,
      [tenantId],
    );
    const [content] = await contents();
    assert.ok(content && 'kind' in content && content.kind === 'text');
    const { words } = await led(content.text);
    assert.equal(words, 'Hello https://evil.example/login, https://shop.example.evil.example/ →https://shop.example/');
    assert.deepEqual(await rowsOf(tenantId), ['all https://shop.example/']);
  });

  it('are ours in the places of an approved template too', async () => {
    const { tenantId, step, recipients, render } = await prepared({}, 'whatsapp');
    const variables = { 1: '{{ first_name }}', 2: 'https://shop.example/sale' };
    await database.withTenant(tenantId, (tx) =>
      putWhatsappTemplate(tx, { tenantId, family: 'hello', contentSid: UTILITY_SID, variables, actor: 'test', updatedAt: AT }),
    );
    const { contents } = await render(step, 'whatsapp', recipients, AT);
    for (const [i, content] of contents.entries()) {
      assert.ok('kind' in content && content.kind === 'template');
      assert.equal(content.variables['1'], ['ann', 'bob'][i]);
      assert.deepEqual(await led(content.variables['2'] ?? ''), { words: '→https://shop.example/sale', messages: [i + 1] });
    }
    assert.deepEqual(await rowsOf(tenantId), ['all https://shop.example/sale']);
  });
});

describe('the links of a mail', () => {
  it('are ours in its HTML and in its text, and where both lead to the same it is one row', async () => {
    const { tenantId, step } = await prepared({ message: 'x' });
    const html =
      '<a href="https://shop.example/?a=1&amp;b=2">New</a> <img src="https://shop.example/a.png"> <a href="mailto:a@b.example">m</a>';
    const text = 'New <https://shop.example/?a=1&b=2>, or https://elsewhere.example';
    const linking = { step, sources: [html, text.replace('https://elsewhere.example', '{{ link }}')], settings };
    const [parts = []] = await database.withTenant(tenantId, (tx) =>
      withOurLinks(tx, linking, [
        {
          messageId: 1,
          parts: [
            { kind: 'html', words: html },
            { kind: 'text', words: text },
          ],
        },
      ]),
    );
    const [ledHtml, ledText] = await Promise.all(parts.map(led));
    assert.equal(
      ledHtml?.words,
      '<a href="→https://shop.example/?a=1&b=2">New</a> <img src="https://shop.example/a.png"> <a href="mailto:a@b.example">m</a>',
    );
    assert.equal(ledText?.words, 'New <→https://shop.example/?a=1&b=2>, or https://elsewhere.example');
    assert.deepEqual(await rowsOf(tenantId), ['all https://shop.example/?a=1&b=2']);
  });
});

describe('the rows of a batch', () => {
  it('are looked up, whatever the statistics say: a few for each message', async () => {
    const { tenantId, step } = await prepared({ message: 'x' });
    await database.admin.query(
      `insert into messages (tenant_id, message_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, call_id, claimed_at)
       overriding system value select $1, n, $2, 1, 1, 'p' || n, 'sms', 0, n, 'claimed', gen_random_uuid(), now() from generate_series(10, 5009) n`,
      [tenantId, step.campaignId],
    );
    const words = (id: number) => ({
      messageId: id,
      parts: [{ kind: 'text', words: `https://shop.example/a https://shop.example/${id}` }] as const,
    });
    const linking = { step, sources: ['https://shop.example/a https://shop.example/{{ first_name }}'], settings };
    for (let batch = 0; batch < 10; batch += 1) {
      const messages = Array.from({ length: 500 }, (_, i) => words(10 + batch * 500 + i));
      const read = await database.withTenant(tenantId, async (tx) => {
        const seen = async () =>
          (
            await tx.execute<{ n: number }>(
              `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 as n from pg_stat_xact_user_tables
               where schemaname = 'madansara_analytics'`,
            )
          ).rows[0]?.n ?? 0;
        const before = await seen();
        await withOurLinks(tx, linking, messages);
        return ((await seen()) - before) / messages.length;
      });
      assert.ok(read >= 1 && read <= 20, `${read} rows a message in batch ${batch}`);
    }
    assert.equal((await rowsOf(tenantId)).length, 5_001);
  });
});
