import type { Router } from 'express';
import { createApp } from '../../api/app.js';
import { createInboxStreams, type StreamSettings } from '../../api/inbox/streams.js';
import { createLogger, type Logger } from '../../api/logging.js';
import { createMetrics } from '../../api/metrics.js';
import type { DescribedOperation } from '../../api/openapi.js';
import type { RateLimits } from '../../api/rate-limits.js';
import type { Route } from '../../api/route.js';
import { createRoutes } from '../../api/routes.js';
import { createInboxRoutes } from '../../api/routes/inbox.js';
import { createPushRoutes, type PushSettings } from '../../api/routes/push.js';
import { createSegmentRoutes, type SegmentDependencies } from '../../api/routes/segment.js';
import { listen } from '../../api/server.js';
import type { TestControl, WalkerControl, WalkRequest } from '../../api/temporal.js';
import type { CampaignControl } from '../../api/campaign-control.js';
import type { SendingReadiness } from '../../core/campaign/preflight.js';
import type { Database } from '../../db/client.js';
import { changeStatus, requireCampaign } from '../../db/queries/campaigns.js';
import type { Executors } from '../../db/queries/suggestion-responses.js';
import { changeTest } from '../../db/queries/test-changes.js';
import { ADDRESS_KEY, EVERYTHING_READY } from './campaigns.js';
import { VAPID } from './push.js';

export const ADMIN_KEY = 'admin-key-of-the-tests-0123456789';

export type TestApi = {
  readonly url: string;
  readonly port: number;
  readonly routes: readonly Route[];
  /** Segment's protocol: not in the table of routes, though in the documentation. */
  readonly segmentOperations: readonly DescribedOperation[];
  /** Users' inboxes: likewise. */
  readonly inboxOperations: readonly DescribedOperation[];
  /** Users' browsers that show push messages: likewise. */
  readonly pushOperations: readonly DescribedOperation[];
  /** How many streams of inboxes are open. */
  readonly streams: () => number;
  /** Every path that Express was given a handler for, in the form of OpenAPI. */
  readonly expressPaths: readonly string[];
  /** The lines of the log, as they were written. */
  readonly log: readonly string[];
  /** Which walks were asked for, and which Schedules applied. */
  readonly started: readonly WalkRequest[];
  readonly scheduled: readonly { readonly tenantId: string; readonly timeZone: string }[];
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>;
  close(): Promise<void>;
};

export type CallOptions = { readonly key?: string; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };
export type ApiAnswer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: Json };
/** What JSON.parse gives: a test looks into it and asserts what it finds. */
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

export type TestApiOptions = {
  readonly rateLimits?: RateLimits;
  readonly adminKey?: string | null;
  readonly walker?: Partial<WalkerControl>;
  /** Absent: changes go to the row at once, as the workflow would make them. */
  readonly tests?: Partial<TestControl>;
  /** Absent: likewise; nobody freezes an audience. */
  readonly campaigns?: Partial<CampaignControl>;
  /** Absent: emails can be sent. */
  readonly sending?: SendingReadiness;
  readonly executors?: Executors;
  readonly readiness?: Parameters<typeof createRoutes>[0]['readiness'];
  readonly now?: () => Date;
  readonly segment?: Omit<SegmentDependencies, 'database'>;
  readonly streams?: Partial<StreamSettings>;
  /** Null: this installation sends nothing. */
  readonly ledgerKey?: Buffer | null;
  /** Null: this installation sends no push messages. */
  readonly push?: PushSettings | null;
  /** Made with the logger of the API. */
  readonly outside?: (logger: Logger) => readonly Router[];
};

/** The API on a free port, over a real database. What it asks of the walker is written down. */
export async function startTestApi(database: Database, options: TestApiOptions = {}): Promise<TestApi> {
  const log: string[] = [];
  const started: WalkRequest[] = [];
  const scheduled: { tenantId: string; timeZone: string }[] = [];
  const walker: WalkerControl = {
    startWalk: async (request) => {
      started.push(request);
      return { workflowId: `walker/${request.tenantId}/${request.walkDate}` };
    },
    isUnderWay: () => Promise.resolve(false),
    applySchedule: async ({ tenantId, timeZone }) => void scheduled.push({ tenantId, timeZone }),
    ...options.walker,
  };
  const tests: TestControl = {
    async changeTest({ tenantId, testId, change, by }) {
      const at = (options.now ?? (() => new Date()))();
      const { answer, test } = await database.withTenant(tenantId, (tx) => changeTest(tx, { tenantId, testKey: testId, change, by, at }));
      return { answer, mode: test.status };
    },
    ...options.tests,
  };
  const now = options.now ?? (() => new Date());
  const ledgerKey = options.ledgerKey === null ? undefined : (options.ledgerKey ?? ADDRESS_KEY);
  const campaigns: CampaignControl = {
    async changeCampaign({ tenantId, campaignId, change }) {
      const at = (options.now ?? (() => new Date()))();
      const { answer } = await database.withTenant(tenantId, async (tx) =>
        changeStatus(tx, await requireCampaign(tx, tenantId, campaignId), change, at),
      );
      return { answer };
    },
    ...options.campaigns,
  };
  const routes = createRoutes({
    database,
    ledgerKey,
    walker,
    tests,
    campaigns,
    sending: options.sending ?? EVERYTHING_READY,
    ...(options.executors && { executors: options.executors }),
    readiness: options.readiness ?? [{ name: 'postgres', check: () => database.pool.query('select 1') }],
    isClosing: () => false,
    now,
  });
  const rateLimits = options.rateLimits ?? { perKey: 1_000_000, perAddress: 1_000_000 };
  const segment = createSegmentRoutes({ database, rateLimits, ...options.segment });
  const nowMs = () => now().getTime();
  const streams = createInboxStreams({ database, now: nowMs, onError: (error) => void log.push(String(error)), ...options.streams });
  const inbox = createInboxRoutes({ database, streams, ledgerKey, now: nowMs, rateLimits });
  const pushSettings = options.push === null ? undefined : (options.push ?? { publicKey: VAPID.publicKey });
  const push = createPushRoutes({ database, push: pushSettings, ledgerKey, now: nowMs, rateLimits });
  const adminKey = options.adminKey === undefined ? ADMIN_KEY : options.adminKey;
  const logger = createLogger('info', { write: (line) => void log.push(line) });
  const app = createApp({
    database,
    routes,
    segment,
    inbox,
    push,
    ...(options.outside && { outside: options.outside(logger) }),
    logger,
    metrics: createMetrics(),
    ...(adminKey !== null && { adminKey }),
    rateLimits,
    version: '0.0.0',
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    port: server.port,
    routes,
    segmentOperations: segment.operations,
    inboxOperations: inbox.operations,
    pushOperations: push.operations,
    streams: streams.count,
    expressPaths: pathsOf(app.router.stack as unknown as readonly Layer[]),
    log,
    started,
    scheduled,
    call: callAt(url),
    close: async () => void (await Promise.all([streams.close(), server.close(1_000)])),
  };
}

function callAt(url: string): TestApi['call'] {
  return async (method, path, { key, body, headers } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: isJson && text ? JSON.parse(text) : undefined };
  };
}

type Layer = { readonly route?: { readonly path: string | readonly string[] }; readonly handle: { readonly stack?: readonly Layer[] } };

/** Express keeps what it serves in layers: one with a route has its path, one that is a router has layers of its own. */
function pathsOf(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ route, handle }) =>
    route ? [route.path].flat().map((path) => path.replace(/:(\w+)/g, '{$1}')) : pathsOf(handle.stack ?? []),
  );
}
