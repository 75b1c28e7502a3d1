import type { ConsentWord } from '../../core/consent/consent.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import { wordsAsSaid, type ConsentNow } from './consent.js';

/** An address that is to be asked, sealed, in the place of its word. */
export type ConfirmationWish = { readonly place: number; readonly sealedTo: Buffer; readonly sealId: string };

/** What became of the wish for a mail that asks for a confirmation. */
export const askedOutcomes = ['asked', 'asked lately', 'asked too often', 'confirmed', 'withdrawn', 'suppressed'] as const;
export type AskedOutcome = (typeof askedOutcomes)[number];

/** As `recordConsent`, and in the same transaction asks those whose yes waits for its confirmation, where that was wanted. */
export async function recordAndAsk(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  words: readonly ConsentWord[],
  { addressKey, at, wishes }: { readonly addressKey: Buffer; readonly at: Date; readonly wishes: readonly ConfirmationWish[] },
): Promise<(ConsentNow & { readonly asked: AskedOutcome | null })[]> {
  const asks = wishes.map(({ place, sealedTo, sealId }) => [place + 1, sealedTo.toString('hex'), sealId]);
  const { rows } = await pool.query<ConsentNow & { readonly asked: AskedOutcome | null }>(
    'select hash as "addressHash", state, basis, asked from record_and_ask($1, $2, $3, $4, $5) order by place',
    [tenantId, addressKey, wordsAsSaid(words), at, JSON.stringify(asks)],
  );
  return rows;
}

/** How it stands with a yes that was asked about: only an `open` one can be confirmed. `withdrawn`: there has been a no since. */
export type ConfirmationStanding = 'open' | 'confirmed' | 'expired' | 'withdrawn';

/** How it stands, and who asks; nothing where the message asked for no confirmation. */
export async function findConfirmation(
  database: Database,
  tenantId: TenantId,
  messageId: number,
  at: Date,
): Promise<{ readonly standing: ConfirmationStanding; readonly brandName: string | null } | undefined> {
  const { rows } = await database.pool.query<{ standing: ConfirmationStanding; brandName: string | null }>(
    'select standing, brand_name as "brandName" from find_confirmation($1, $2, $3)',
    [tenantId, messageId, at],
  );
  return rows[0];
}

/** Confirms the yes, once, with what shows it: nothing in it may name anybody. Gives how it stands now. */
export async function confirmConsent(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { messageId, evidence, at }: { readonly messageId: number; readonly evidence: Readonly<Record<string, unknown>>; readonly at: Date },
): Promise<ConfirmationStanding | undefined> {
  const { rows } = await pool.query<{ standing: ConfirmationStanding | null }>('select confirm_consent($1, $2, $3, $4) as standing', [
    tenantId,
    messageId,
    evidence,
    at,
  ]);
  return rows[0]?.standing ?? undefined;
}
