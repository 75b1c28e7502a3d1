import type { ConsentState, ConsentWord } from '../../core/consent/consent.js';

type Yes = Extract<ConsentWord, { action: 'granted' }>;
type No = { readonly action: 'denied' | 'withdrawn'; readonly at: Date };

const RANKS: Readonly<Record<ConsentWord['action'], number>> = { granted: 0, confirmed: 1, denied: 2, withdrawn: 3 };

/** What words about one address and topic come to, said one after the other: the ledger's fold, in other words than SQL's. */
export function foldWords(
  words: readonly ConsentWord[],
  asksTwice: boolean,
): { readonly state: ConsentState; readonly basis: string | null; readonly saidAt: Date | null } {
  let no: No | null = null;
  let open: Yes[] = [];
  let counting: Yes[] = [];
  for (const word of words.toSorted((a, b) => a.at.getTime() - b.at.getTime() || RANKS[a.action] - RANKS[b.action])) {
    if (word.action === 'granted') (asksTwice ? open : counting).push(word);
    else if (word.action === 'confirmed') [counting, open] = [[...counting, ...open], []];
    else [no, open, counting] = [{ action: word.action, at: word.at }, [], []];
  }
  const yeses = [...open, ...counting];
  const saidAt = [...yeses, ...(no === null ? [] : [no])]
    .map(({ at }) => at)
    .reduce<Date | null>((a, b) => (a !== null && a >= b ? a : b), null);
  if (counting.length > 0)
    return { state: 'granted', basis: counting.some(({ basis }) => basis === 'consent') ? 'consent' : latestBasis(counting), saidAt };
  if (open.length > 0) return { state: 'pending', basis: latestBasis(open), saidAt };
  return { state: no?.action ?? null, basis: null, saidAt };
}

const latestBasis = (yeses: readonly Yes[]): string | null =>
  yeses.toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.basis < b.basis ? -1 : 1))[0]?.basis ?? null;
