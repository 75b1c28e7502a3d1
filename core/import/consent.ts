export type Consent = 'granted' | 'denied';

const WORDS: Readonly<Record<Consent | 'unsaid', string>> = {
  granted: 'yes y true 1 granted given optin optedin subscribed consented accepted active confirmed allowed',
  denied:
    'no n false 0 denied refused optout optedout unsubscribed withdrawn revoked rejected declined inactive cleaned bounced suppressed',
  unsaid: 'unknown notset none null na pending neversubscribed notsubscribed unspecified',
};

const MEANINGS: ReadonlyMap<string, Consent | 'unsaid'> = new Map(
  (['granted', 'denied', 'unsaid'] as const).flatMap((meaning) => WORDS[meaning].split(' ').map((word) => [word, meaning] as const)),
);

/**
 * What a cell says of consent, in the words that exports use; empty, "pending" and the like say nothing. What else there is gives
 * `unclear`: consent is never guessed.
 */
export function parseConsent(sent: unknown): Consent | 'unsaid' | 'unclear' {
  if (sent === undefined || sent === null) return 'unsaid';
  if (typeof sent !== 'string' && typeof sent !== 'number' && typeof sent !== 'boolean') return 'unclear';
  const word = String(sent)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '');
  return word === '' ? 'unsaid' : (MEANINGS.get(word) ?? 'unclear');
}
