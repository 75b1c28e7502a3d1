import { z } from 'zod';
import type { InboxCounts, InboxItem } from '../../core/inbox/item.js';

const Time = z.string().meta({ format: 'date-time' });

export const Counts = z
  .object({ unseen: z.int(), unread: z.int(), total: z.int() })
  .describe('Of the items that are not archived: what a badge shows.');

export const Item = z.object({
  item: z.int().describe('Counts the items of this user: it names the item in addresses, and a later item has a larger one.'),
  title: z.string().describe('Plain text.'),
  body: z.string().describe('Plain text, with line breaks. Never HTML.'),
  action_url: z.string().nullable().describe('Where its action leads: an http, https, mailto or tel address, or a path of the page.'),
  data: z.record(z.string(), z.unknown()),
  created_at: Time,
  seen_at: Time.nullable(),
  read_at: Time.nullable(),
  interacted_at: Time.nullable(),
  archived_at: Time.nullable(),
});

const shown = (time: Date | null): string | null => time?.toISOString() ?? null;

export const itemBody = (item: InboxItem): z.infer<typeof Item> => ({
  item: item.seq,
  title: item.title,
  body: item.body,
  action_url: item.actionUrl,
  data: item.data,
  created_at: item.createdAt.toISOString(),
  seen_at: shown(item.seenAt),
  read_at: shown(item.readAt),
  interacted_at: shown(item.interactedAt),
  archived_at: shown(item.archivedAt),
});

export const countsBody = ({ unseen, unread, total }: InboxCounts): z.infer<typeof Counts> => ({ unseen, unread, total });
