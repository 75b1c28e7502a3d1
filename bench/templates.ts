import { compileTemplate } from '../core/template/compile-template.js';
import { purposeOf } from '../core/template/purpose.js';
import { library, libraryTemplate } from '../core/template/library/library.js';
import { renderEmail } from '../core/template/render-email.js';
import type { TemplateVariables } from '../core/template/variables.js';

/** How many mails of one step a core renders in a second of its time, with subject, HTML and text, each another user's. */
const LIMIT_PER_SECOND = 3_000;
const BATCH = 500;
const ROUNDS = 20;

const users = Array.from({ length: BATCH }, (_, n): TemplateVariables => {
  const url = `https://mail.example.com/u/${n}`;
  return {
    brand_name: 'Northwind & Co',
    brand_url: 'https://northwind.example',
    postal_address: '1 Example Street, Springfield',
    unsubscribe_url: url,
    view_url: url,
    first_name: `User ${n}`,
    traits: { plan: 'pro' },
    offer: { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 },
    recommendations: [{ name: 'Field Notes', url }],
  };
});
const words = { subject: '{{first_name}}, 20% off ends tomorrow!', text: 'Hi {{ first_name }},\n\nhave a look.' };

const template = await libraryTemplate('win_back');
const rates: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const before = process.cpuUsage();
  for (const user of users) if (renderEmail(template, user, words).kind === 'refused') throw new Error('a mail was refused');
  const { user: busy, system } = process.cpuUsage(before);
  rates.push(BATCH / ((busy + system) / 1_000_000));
}
const compiledAtMs = performance.now();
for (const [family, source] of Object.entries(library)) await compileTemplate(source, purposeOf(family));
const compileMs = (performance.now() - compiledAtMs) / Object.keys(library).length;

const median = [...rates].sort((a, b) => a - b)[ROUNDS / 2] ?? 0;
console.error(`first batch of ${BATCH}: ${Math.round(rates[0] ?? 0)} mails/s; one template compiles in ${compileMs.toFixed(1)} ms`);
const value = Math.round(median);
console.log(
  JSON.stringify({
    bench: 'templates',
    value,
    unit: 'mails/s',
    ratio: Math.round((100 * value) / LIMIT_PER_SECOND) / 100,
    compile_ms: compileMs,
  }),
);
