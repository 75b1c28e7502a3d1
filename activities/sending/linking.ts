import { signLink } from '../../core/message/link-token.js';
import { replaceLinks, writtenOrigins, type SentWords } from '../../core/template/followed-links.js';
import type { TenantTransaction } from '../../db/client.js';
import { keepLinks, type LinkTarget } from '../../db/queries/links.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';

export type LinkSettings = {
  /** Where people reach the API. */
  readonly publicUrl: string;
  readonly ledgerKey: Buffer;
};

/** What a message says, in parts: the text of a mail and its HTML, the places of a template. */
export type MessageWords = { readonly messageId: number; readonly parts: readonly SentWords[] };

/**
 * The words of messages with links of ours, so that we know who follows which. `sources` is what the tenant wrote, before anybody's
 * variables were put in: only to addresses from there, or `brandUrl`, do we lead. The same words get the same links, however often.
 */
export async function withOurLinks(
  tx: TenantTransaction,
  { step, sources, settings }: { readonly step: StepOfBatch; readonly sources: readonly string[]; readonly settings: LinkSettings },
  messages: readonly MessageWords[],
): Promise<readonly (readonly string[])[]> {
  const { publicUrl, ledgerKey } = settings;
  const rule = { origins: writtenOrigins(sources), ownUrl: publicUrl };
  const ownerOf = (messageId: number, written: string) => (sources.some((source) => source.includes(written)) ? null : messageId);
  const wanted = new Map<string, LinkTarget>();
  for (const { messageId, parts } of messages) {
    for (const part of parts) {
      replaceLinks(part, rule, (target, written) => {
        const link = { messageId: ownerOf(messageId, written), target };
        wanted.set(keyOf(link), link);
        return undefined;
      });
    }
  }
  const kept = await keepLinks(tx, step, [...wanted.values()]);
  const numbers = new Map(kept.map((link) => [keyOf(link), link.linkId]));
  return messages.map(({ messageId, parts }) =>
    parts.map((part) =>
      replaceLinks(part, rule, (target, written) => {
        const linkId = numbers.get(keyOf({ messageId: ownerOf(messageId, written), target }));
        return linkId === undefined ? undefined : `${publicUrl}/l/${signLink(ledgerKey, { linkId, messageId })}`;
      }),
    ),
  );
}

const keyOf = ({ messageId, target }: LinkTarget): string => `${messageId ?? 0} ${target}`;
