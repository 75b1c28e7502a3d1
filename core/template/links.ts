import { visitTags } from './html-tags.js';

/** Attributes that a mail program may follow or load. */
const ADDRESSES: ReadonlySet<string> = new Set(
  'href src srcset background poster action formaction data cite longdesc ping xlink:href'.split(' '),
);
const ALLOWED = /^(?:https:\/\/[^\s/]|mailto:\S|tel:[+\d])/i;

/** The addresses in a rendered mail that must not leave: all but those of https, mailto and tel. */
export function badAddresses(html: string): readonly string[] {
  const bad = new Set<string>();
  visitTags(html, ({ attributes }) => {
    for (const { name, value } of attributes) if (ADDRESSES.has(name) && !ALLOWED.test(value)) bad.add(value);
  });
  return [...bad];
}
