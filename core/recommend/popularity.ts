import { shownAmount } from '../template/offer.js';
import type { Recommendation } from '../template/variables.js';

/** A thing that people bought, as its latest purchase tells it, and how many different people did. */
export type BoughtProduct = {
  readonly productId: string;
  readonly buyers: number;
  readonly product: Readonly<Record<string, unknown>>;
  /** Of that purchase, where it names one. */
  readonly currency: string | null;
};

export type PopularProduct = Recommendation & { readonly productId: string };

const LONGEST_NAME = 100;
const LONGEST_URL = 2_000;

/**
 * What of these can be recommended, the most bought first. A purchase may come from anywhere, so that a link leads to the brand's own site or
 * nowhere, and a name is one line without an address in it.
 */
export function popularProducts(
  bought: readonly BoughtProduct[],
  { brandUrl, currency }: { readonly brandUrl: string | null; readonly currency: string },
): readonly PopularProduct[] {
  const host = brandUrl !== null && URL.canParse(brandUrl) ? new URL(brandUrl).hostname.replace(/^www\./, '') : undefined;
  if (host === undefined) return [];
  return [...bought]
    .sort((a, b) => b.buyers - a.buyers || (a.productId < b.productId ? -1 : 1))
    .flatMap(({ productId, product, currency: told }) => {
      const name = nameOf(product);
      const url = urlOn(host, product['url']);
      const price = priceOf(product['price'], told ?? currency);
      return name === undefined || url === undefined ? [] : [{ productId, name, url, ...(price !== undefined && { price }) }];
    });
}

function nameOf(product: BoughtProduct['product']): string | undefined {
  const name = product['name'] ?? product['product'];
  if (typeof name !== 'string') return undefined;
  const line = name
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return line === '' || line.length > LONGEST_NAME || /:\/\/|www\.|@/i.test(line) ? undefined : line;
}

function urlOn(host: string, url: unknown): string | undefined {
  if (typeof url !== 'string' || url.length > LONGEST_URL || !URL.canParse(url)) return undefined;
  const { protocol, hostname, username, href } = new URL(url);
  const isTheirs = hostname === host || hostname.endsWith(`.${host}`);
  return protocol === 'https:' && isTheirs && username === '' ? href : undefined;
}

function priceOf(price: unknown, currency: string): string | undefined {
  const amount = typeof price === 'string' && price.trim() !== '' ? Number(price) : price;
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount <= 0 || !/^[A-Z]{3}$/.test(currency)) return undefined;
  return shownAmount(amount, currency);
}

/** The first of them that somebody has not bought lately. */
export const recommendationsFor = (
  popular: readonly PopularProduct[],
  boughtLately: ReadonlySet<string>,
  most: number,
): readonly Recommendation[] =>
  popular
    .filter(({ productId }) => !boughtLately.has(productId))
    .slice(0, most)
    .map(({ name, url, price }) => ({ name, url, ...(price !== undefined && { price }) }));
