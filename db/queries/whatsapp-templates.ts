import { and, asc, eq } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { whatsappTemplates } from '../tables/phone.js';

export type WhatsappTemplateRow = typeof whatsappTemplates.$inferSelect;

export const listWhatsappTemplates = (tx: TenantTransaction, tenantId: TenantId): Promise<WhatsappTemplateRow[]> =>
  tx.select().from(whatsappTemplates).where(eq(whatsappTemplates.tenantId, tenantId)).orderBy(asc(whatsappTemplates.family));

export async function findWhatsappTemplate(
  tx: TenantTransaction,
  tenantId: TenantId,
  family: string,
): Promise<WhatsappTemplateRow | undefined> {
  const rows = await tx
    .select()
    .from(whatsappTemplates)
    .where(and(eq(whatsappTemplates.tenantId, tenantId), eq(whatsappTemplates.family, family)));
  return rows[0];
}

/** Registers a template that Meta has approved, or says anew what it is. */
export async function putWhatsappTemplate(tx: TenantTransaction, template: WhatsappTemplateRow): Promise<WhatsappTemplateRow> {
  const { tenantId: _, family: __, ...values } = template;
  const rows = await tx
    .insert(whatsappTemplates)
    .values(template)
    .onConflictDoUpdate({ target: [whatsappTemplates.tenantId, whatsappTemplates.family], set: values })
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the template was not written');
  return row;
}
