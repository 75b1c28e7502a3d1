import { eq } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { EmailSender } from '../../core/template/sender.js';
import type { TenantTransaction } from '../client.js';
import { emailSenders } from '../tables/templates.js';

export type EmailSenderRow = typeof emailSenders.$inferSelect;

/** The tenant's sender; nothing before it was set, and then no mail can be sent. */
export async function findEmailSender(tx: TenantTransaction, tenantId: TenantId): Promise<EmailSenderRow | undefined> {
  const rows = await tx.select().from(emailSenders).where(eq(emailSenders.tenantId, tenantId));
  return rows[0];
}

export async function putEmailSender(tx: TenantTransaction, tenantId: TenantId, sender: EmailSender, at: Date): Promise<EmailSenderRow> {
  const values = { ...sender, updatedAt: at };
  const rows = await tx
    .insert(emailSenders)
    .values({ tenantId, ...values })
    .onConflictDoUpdate({ target: emailSenders.tenantId, set: values })
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the sender was not written');
  return row;
}
