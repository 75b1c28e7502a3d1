/** What a user can do with an item, each once; who reads has seen, and who interacts has read. */
export const inboxMarks = ['seen', 'read', 'interacted', 'archived'] as const;
export type InboxMark = (typeof inboxMarks)[number];

/** Which items are listed. `all` leaves out those that are archived, as do counts. */
export const inboxFilters = ['all', 'unseen', 'unread', 'archived'] as const;
export type InboxFilter = (typeof inboxFilters)[number];

/** A message as its user finds it in their inbox. `seq` counts their items: it names the item, and says which came later. */
export type InboxItem = {
  readonly seq: number;
  readonly title: string;
  readonly body: string;
  readonly actionUrl: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly seenAt: Date | null;
  readonly readAt: Date | null;
  readonly interactedAt: Date | null;
  readonly archivedAt: Date | null;
};

/** What a badge shows, of items that are not archived. */
export type InboxCounts = { readonly unseen: number; readonly unread: number; readonly total: number };
