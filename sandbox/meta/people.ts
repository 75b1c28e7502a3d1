import type { MetaAccount } from './accounts.js';

const DAY_MS = 24 * 3_600_000;

export type Comment = { readonly id: string; readonly from: string; readonly account: string; readonly atMs: number; isAnswered: boolean };
export type People = ReturnType<typeof openPeople>;

/** What has gone on between accounts and people: who has written when, who has commented what, and who wants nothing from an account. */
export function openPeople(now: () => number) {
  const heardAtMs = new Map<string, number>();
  const comments = new Map<string, Comment>();
  const blocked = new Set<string>();
  const between = ({ accountId }: Pick<MetaAccount, 'accountId'>, person: string) => `${accountId} ${person}`;
  return {
    hear: (account: MetaAccount, person: string): void => void heardAtMs.set(between(account, person), now()),
    isKnown: (account: MetaAccount, person: string): boolean => heardAtMs.has(between(account, person)),
    /** Whoever has written may be told anything for a day. */
    isOpen: (account: MetaAccount, person: string): boolean => now() < (heardAtMs.get(between(account, person)) ?? -Infinity) + DAY_MS,
    block: (account: MetaAccount, person: string): void => void blocked.add(between(account, person)),
    isBlocked: (account: MetaAccount, person: string): boolean => blocked.has(between(account, person)),
    comment(account: MetaAccount, id: string, from: string): void {
      comments.set(id, { id, from, account: account.accountId, atMs: now(), isAnswered: false });
    },
    commentOf: ({ accountId }: MetaAccount, id: string): Comment | undefined => {
      const comment = comments.get(id);
      return comment?.account === accountId ? comment : undefined;
    },
    /** A comment may be answered for a week. */
    isAnswerable: ({ atMs }: Comment): boolean => now() < atMs + 7 * DAY_MS,
  };
}
