import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { projectRoot } from '../config.js';
import { openEngardeStore, type EngardeStore, type GivenResponse, type StoredSuggestion } from './engarde-store.js';

/**
 * En Garde's walker-agent API for a laptop: it checks keys, tenants and payloads as the real one does, stores what it is sent
 * (the same suggestion twice, if it is sent twice), lists it, and hands out people's answers. What it did is in its journal,
 * at GET /sandbox/journal. POST /sandbox/faults makes it misbehave.
 */
export type SandboxEngarde = {
  readonly url: string;
  /** Every request to the API, in the order in which it was decided. */
  journal(): readonly JournalEntry[];
  /** Everything that was ever stored, doubles included. */
  stored(): readonly StoredSuggestion[];
  /** A person's answer, as the front end posts it. */
  respond(response: GivenResponse): void;
  /** The next requests to that endpoint end so, one after the other; later ones are answered properly. */
  misbehave(endpoint: Endpoint, ...faults: readonly Fault[]): void;
  close(): Promise<void>;
};

export type EngardeOptions = {
  readonly port?: number;
  /** Keys begin with `wa_`. */
  readonly keys: readonly string[];
  /** Absent: every tenant is known. */
  readonly tenants?: readonly string[];
};

export type Endpoint = 'POST suggestions' | 'GET suggestions' | 'GET responses';

/** What goes wrong, and whether the suggestions are stored before it does. */
export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly stores?: boolean;
    }
  | { readonly kind: 'reset'; readonly stores?: boolean }
  /** Headers and a part of the body, then the connection breaks. */
  | { readonly kind: 'half_answer'; readonly stores?: boolean }
  /** Never answers. */
  | { readonly kind: 'hang'; readonly stores?: boolean }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Stores all but the last so many. Its errors name them, or only say that there were some. */
  | { readonly kind: 'partial'; readonly missing: number; readonly namesThem: boolean };

export type JournalEntry = {
  readonly at: string;
  readonly endpoint: string;
  /** The status that was answered, or how the answer failed to be one. */
  readonly outcome: number | 'reset' | 'half_answer' | 'hang';
  readonly received: readonly string[];
  readonly stored: readonly string[];
};

type State = {
  readonly options: EngardeOptions;
  readonly keyHashes: ReadonlySet<string>;
  readonly store: EngardeStore;
  readonly journal: JournalEntry[];
  readonly faults: Map<Endpoint, Fault[]>;
  readonly isPayload: ValidateFunction;
};

type Reply = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

const PREFIX = '/api/v1/walker-agents';

export async function startSandboxEngarde(options: EngardeOptions): Promise<SandboxEngarde> {
  const state: State = {
    options,
    keyHashes: new Set(options.keys.map(sha256)),
    store: openEngardeStore(),
    journal: [],
    faults: new Map(),
    isPayload: compileSchema(),
  };
  const server = createServer((request, response) => {
    serve(state, request, response).catch((error: unknown) => {
      if (!response.headersSent) reply(response, { status: 500, body: { detail: String(error) } });
      else response.destroy();
    });
  });
  const port = await listening(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    journal: () => [...state.journal],
    stored: () => state.store.all(),
    respond: (given) => {
      if (!state.store.respond(given)) throw new Error(`the sandbox has no suggestion ${given.suggestion_id}`);
    },
    misbehave: (endpoint, ...faults) => void state.faults.set(endpoint, [...(state.faults.get(endpoint) ?? []), ...faults]),
    close: () => closed(server),
  };
}

function compileSchema(): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  formats.default(ajv);
  const schema = JSON.parse(readFileSync(join(projectRoot, 'core/suggestion/payload.schema.json'), 'utf8')) as object;
  return ajv.compile(schema);
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readBody(request);
  const endpoint = `${request.method ?? 'GET'} ${url.pathname}`;
  switch (endpoint) {
    case 'GET /sandbox/journal':
      return reply(response, { status: 200, body: { journal: state.journal, stored: state.store.all() } });
    case 'POST /sandbox/faults': {
      const { endpoint: at, faults } = body as { endpoint: Endpoint; faults: Fault[] };
      state.faults.set(at, [...(state.faults.get(at) ?? []), ...faults]);
      return reply(response, { status: 202, body: { waiting: state.faults.get(at)?.length ?? 0 } });
    }
    case `POST ${PREFIX}/suggestions`:
      return answer(state, request, response, 'POST suggestions', (fault) => receive(state, body, fault));
    case `GET ${PREFIX}/suggestions`:
      return answer(state, request, response, 'GET suggestions', () => ({ reply: list(state, url.searchParams) }));
    case `GET ${PREFIX}/responses`:
      return answer(state, request, response, 'GET responses', () => ({
        reply: { status: 200, body: state.store.responses(url.searchParams) },
      }));
    case `POST ${PREFIX}/responses`: {
      // The front end's own call, with a person's session rather than our key.
      const known = state.store.respond(body as GivenResponse);
      return reply(response, known ? { status: 200, body: { success: true } } : { status: 404, body: { detail: 'Suggestion not found' } });
    }
    default:
      return reply(response, { status: 404, body: { detail: 'Not Found' } });
  }
}

type Done = { readonly reply: Reply; readonly received?: readonly string[]; readonly stored?: readonly string[] };

/** Decides, notes in the journal what was decided, and only then answers, well or badly. */
async function answer(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  endpoint: Endpoint,
  decide: (fault: Fault | undefined) => Done,
): Promise<void> {
  const refusal = checkKey(state, request.headers.authorization);
  const fault = refusal ? undefined : state.faults.get(endpoint)?.shift();
  const keepsNothing = fault !== undefined && (fault.kind === 'answer' || breaksOff(fault)) && !fault.stores;
  const done: Done = refusal ? { reply: refusal } : keepsNothing ? { reply: { status: 500, body: {} } } : decide(fault);
  const spoken =
    fault?.kind === 'answer'
      ? { status: fault.status, body: fault.body ?? { detail: 'scripted' }, headers: fault.headers ?? {} }
      : done.reply;
  state.journal.push({
    at: new Date().toISOString(),
    endpoint,
    outcome: fault && breaksOff(fault) ? fault.kind : spoken.status,
    received: done.received ?? [],
    stored: done.stored ?? [],
  });
  if (fault?.kind === 'reset') return void request.socket.resetAndDestroy();
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'half_answer') return halfAnswer(response, done.reply.body);
  if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
  reply(response, spoken);
}

const breaksOff = (fault: Fault): fault is Extract<Fault, { kind: 'reset' | 'half_answer' | 'hang' }> =>
  fault.kind === 'reset' || fault.kind === 'half_answer' || fault.kind === 'hang';

function checkKey({ keyHashes }: State, authorization: string | undefined): Reply | undefined {
  const [, key] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? [];
  if (key === undefined) {
    return { status: 401, body: { detail: 'Invalid authorization header format. Expected: Bearer {API_KEY}' } };
  }
  return keyHashes.has(sha256(key)) ? undefined : { status: 401, body: { detail: 'Invalid or revoked API key' } };
}

type Payload = { readonly tenant_id: string; readonly suggestions: readonly { readonly id: string }[] };

function receive({ options, store, isPayload }: State, body: unknown, fault: Fault | undefined): Done {
  if (!isPayload(body)) {
    const detail = (isPayload.errors ?? []).map(({ instancePath, message }) => ({ loc: ['body', instancePath], msg: message }));
    return { reply: { status: 422, body: { detail } } };
  }
  const { tenant_id: tenantId, suggestions } = body as Payload;
  const received = suggestions.map(({ id }) => id);
  if (options.tenants && !options.tenants.includes(tenantId)) {
    return { reply: { status: 404, body: { detail: `Tenant ${tenantId} not found` } }, received };
  }
  const kept = fault?.kind === 'partial' ? suggestions.slice(0, -fault.missing) : suggestions;
  const batchId = randomUUID();
  store.add(tenantId, batchId, kept);
  const missing = received.slice(kept.length);
  const errors = missing.map((id) => (fault?.kind === 'partial' && fault.namesThem ? `${id}: could not be stored` : 'could not be stored'));
  return {
    reply: {
      status: 200,
      body: {
        success: true,
        batch_id: batchId,
        suggestions_received: received.length,
        suggestions_stored: kept.length,
        notifications_sent: { email: 0, whatsapp: 0, chat: 0 },
        message: `Stored ${kept.length} of ${received.length} suggestions`,
        errors,
      },
    },
    received,
    stored: kept.map(({ id }) => id),
  };
}

function list({ store }: State, query: URLSearchParams): Reply {
  const status = query.get('status') || undefined;
  const limit = Number(query.get('limit') ?? 50);
  const suggestions = store.all().filter((each) => each.tenant_id === query.get('tenant_id') && (!status || each.status === status));
  return { status: 200, body: { suggestions: suggestions.toReversed().slice(0, limit) } };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function reply(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function halfAnswer(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
