/** A suggestion as En Garde's backend keeps it. */
export type StoredSuggestion = {
  readonly id: string;
  readonly tenant_id: string;
  readonly batch_id: string;
  status: 'pending' | 'approved' | 'paused' | 'rejected';
  /** As it was sent: unknown fields are kept. */
  readonly payload: Readonly<Record<string, unknown>>;
};

/** A person's answer, as En Garde's front end posts it. */
export type GivenResponse = {
  readonly suggestion_id: string;
  readonly action: 'execute' | 'pause' | 'reject' | 'details';
  readonly channel: 'email' | 'whatsapp' | 'in_app';
};

export type EngardeStore = {
  /** Knows no idempotency: the same id is stored again. */
  add(tenantId: string, batchId: string, suggestions: readonly { readonly id: string }[]): void;
  all(): readonly StoredSuggestion[];
  /** False for a suggestion that is not stored. */
  respond(given: GivenResponse): boolean;
  /** A page of the tenant's responses after `cursor`; the cursor it gives is that of its last response. */
  responses(query: URLSearchParams): { readonly responses: readonly unknown[]; readonly next_cursor: string };
};

const STATUS_AFTER = { execute: 'approved', pause: 'paused', reject: 'rejected' } as const;

export function openEngardeStore(): EngardeStore {
  const rows: StoredSuggestion[] = [];
  const responses: (GivenResponse & { readonly id: number; readonly tenant_id: string; readonly responded_at: string })[] = [];
  return {
    add(tenantId, batchId, suggestions) {
      for (const suggestion of suggestions) {
        rows.push({ id: suggestion.id, tenant_id: tenantId, batch_id: batchId, status: 'pending', payload: { ...suggestion } });
      }
    },
    all: () => [...rows],
    respond({ suggestion_id, action, channel }) {
      const row = rows.find(({ id }) => id === suggestion_id);
      if (!row) return false;
      if (action !== 'details') row.status = STATUS_AFTER[action];
      const responded_at = new Date().toISOString();
      responses.push({ id: responses.length + 1, tenant_id: row.tenant_id, suggestion_id, action, channel, responded_at });
      return true;
    },
    responses(query) {
      const after = Number(query.get('cursor') ?? 0);
      const limit = Number(query.get('limit') ?? 100);
      const page = responses.filter(({ id, tenant_id }) => id > after && tenant_id === query.get('tenant_id')).slice(0, limit);
      return { responses: page, next_cursor: String(page.at(-1)?.id ?? after) };
    },
  };
}
