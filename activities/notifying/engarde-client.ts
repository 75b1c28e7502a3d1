import { z } from 'zod';
import type { EngardeConfig } from '../../config.js';
import type { SuggestionsPayload } from '../../core/suggestion/payload.js';

/** How a request to En Garde ended. */
export type EngardeAnswer<T> =
  | { readonly kind: 'answered'; readonly status: number; readonly body: T }
  /** A definite no: the same request would be answered so again. */
  | { readonly kind: 'refused'; readonly status: number; readonly because: string }
  | { readonly kind: 'rate_limited'; readonly retryAfterMs: number | undefined }
  /** No definite answer was seen; the request may have been carried out. */
  | { readonly kind: 'unavailable'; readonly because: string };

const Stored = z.object({
  success: z.boolean().optional().catch(undefined),
  batch_id: z.union([z.string(), z.number()]).transform(String).optional().catch(undefined),
  suggestions_received: z.int().optional().catch(undefined),
  suggestions_stored: z.int().optional().catch(undefined),
  notifications_sent: z.record(z.string(), z.number()).optional().catch(undefined),
  errors: z.array(z.unknown()).catch([]),
});
export type StoredAnswer = z.infer<typeof Stored>;

const Listed = z.object({ id: z.string().optional(), suggestion_id: z.string().optional() });
const List = z.union([z.array(Listed), z.object({ suggestions: z.array(Listed) }).transform(({ suggestions }) => suggestions)]);

const Responses = z.object({ responses: z.array(z.unknown()), next_cursor: z.string().nullish() });
export type ResponsesPage = z.infer<typeof Responses>;

export type ResponsesQuery = { readonly tenantId: string; readonly cursor: string | undefined; readonly limit: number };

export type EngardeClient = ReturnType<typeof createEngardeClient>;

/** The document's clients wait a minute. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** A look-up before a request that has waited already. */
export const LOOK_UP_TIMEOUT_MS = 15_000;
const LIST_LIMIT = 1_000;
const PATH = '/api/v1/walker-agents';

/** En Garde's walker-agent API, one request a call: who calls decides what to try again. */
export function createEngardeClient({ apiUrl, apiKey }: EngardeConfig, timeoutMs = REQUEST_TIMEOUT_MS) {
  const call = async <T>(method: 'GET' | 'POST', path: string, body: unknown, schema: z.ZodType<T>): Promise<EngardeAnswer<T>> => {
    const waitMs = method === 'GET' ? Math.min(timeoutMs, LOOK_UP_TIMEOUT_MS) : timeoutMs;
    try {
      const response = await fetch(apiUrl + PATH + path, {
        method,
        headers: { Authorization: `Bearer ${apiKey}`, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(waitMs),
      });
      return await readAnswer(response, schema);
    } catch (error) {
      return { kind: 'unavailable', because: describe(error, waitMs) };
    }
  };
  return {
    sendSuggestions: (payload: SuggestionsPayload) => call('POST', '/suggestions', payload, Stored.catch({ errors: [] })),
    /** The ids of the tenant's latest suggestions that En Garde has. */
    async listSuggestionIds(tenantId: string): Promise<EngardeAnswer<ReadonlySet<string>>> {
      const query = new URLSearchParams({ tenant_id: tenantId, limit: String(LIST_LIMIT) });
      const answer = await call('GET', `/suggestions?${query.toString()}`, undefined, List);
      if (answer.kind !== 'answered') return answer;
      return {
        ...answer,
        body: new Set(answer.body.flatMap(({ id, suggestion_id }) => [id, suggestion_id]).filter((each) => each !== undefined)),
      };
    },
    /** People's answers since a cursor that an earlier page gave. */
    listResponses({ tenantId, cursor, limit }: ResponsesQuery): Promise<EngardeAnswer<ResponsesPage>> {
      const query = new URLSearchParams({ tenant_id: tenantId, limit: String(limit), ...(cursor !== undefined && { cursor }) });
      return call('GET', `/responses?${query.toString()}`, undefined, Responses);
    },
  };
}

async function readAnswer<T>(response: Response, schema: z.ZodType<T>): Promise<EngardeAnswer<T>> {
  const { status } = response;
  if (status === 429) return { kind: 'rate_limited', retryAfterMs: retryAfterMs(response.headers) };
  // An answer that breaks off in its middle throws here: it was not seen.
  const text = await response.text();
  if (status >= 500 || status === 408 || status === 425) {
    return status === 503 && response.headers.has('retry-after')
      ? { kind: 'rate_limited', retryAfterMs: retryAfterMs(response.headers) }
      : { kind: 'unavailable', because: `${status}: ${detailOf(text)}` };
  }
  if (!response.ok) return { kind: 'refused', status, because: `${status}: ${detailOf(text)}` };
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return { kind: 'answered', status, body: parsed.data };
  return { kind: 'refused', status, because: `${status} with a body that is not understood: ${detailOf(text)}` };
}

/** Seconds, or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

const MOST_DETAIL_CHARS = 300;

/** What an answer says about itself; FastAPI says it in `detail`. */
function detailOf(text: string): string {
  const body = jsonOf(text);
  const detail: unknown = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : undefined;
  const said = typeof detail === 'string' ? detail : detail === undefined ? text : JSON.stringify(detail);
  const line = said.replace(/\s+/g, ' ').trim();
  return line.length > MOST_DETAIL_CHARS ? `${line.slice(0, MOST_DETAIL_CHARS)}…` : line || 'no more was said';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch says "fetch failed"; why is in its cause. */
function describe(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return code === undefined || cause.message.includes(code) ? cause.message || error.message : `${cause.message} (${code})`;
}
