import { customType, pgSchema, timestamp } from 'drizzle-orm/pg-core';

export const analytics = pgSchema('madansara_analytics');

export const timestamptz = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** A 64-bit transaction id, as text: JavaScript's numbers cannot hold it. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });
