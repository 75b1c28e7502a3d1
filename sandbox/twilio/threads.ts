/** The words after which Twilio lets nothing through by itself, and those which undo it. One word alone, in any case. */
const STOP = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'OPTOUT', 'REVOKE']);
const START = new Set(['START', 'YES', 'UNSTOP']);
const HELP = new Set(['HELP', 'INFO']);

export type Keyword = 'STOP' | 'START' | 'HELP';

export function keywordOf(text: string): Keyword | undefined {
  const word = text.trim().toUpperCase();
  if (STOP.has(word)) return 'STOP';
  if (START.has(word)) return 'START';
  return HELP.has(word) ? 'HELP' : undefined;
}

const WINDOW_MS = 24 * 3_600_000;

export type Threads = ReturnType<typeof openThreads>;

/** What has gone on between our senders and people: who wants no more, and who has written when. */
export function openThreads(now: () => number) {
  const out = new Set<string>();
  const heardAtMs = new Map<string, number>();
  const between = (ours: string, theirs: string) => `${ours} ${theirs}`;
  return {
    /** Stopped at the sender; or, where a Messaging Service chooses it, at any sender of that service. */
    isOut: ({ from, serviceSid }: { readonly from: string; readonly serviceSid: string | null }, to: string): boolean =>
      out.has(between(serviceSid ?? from, to)),
    /** On WhatsApp: whether somebody has written to us within a day, so that we may write freely. */
    isOpen: (from: string, to: string): boolean => now() < (heardAtMs.get(between(from, to)) ?? -Infinity) + WINDOW_MS,
    /** Takes what somebody has written to a sender of ours, and to the Messaging Service that it belongs to. */
    hear(writer: string, to: { readonly sender: string; readonly serviceSid: string | undefined }, keyword: Keyword | undefined): void {
      heardAtMs.set(between(to.sender, writer), now());
      for (const scope of [to.sender, to.serviceSid]) {
        if (scope === undefined) continue;
        if (keyword === 'STOP') out.add(between(scope, writer));
        if (keyword === 'START') out.delete(between(scope, writer));
      }
    },
  };
}
