import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';

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
