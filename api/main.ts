import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Router } from 'express';
import { z } from 'zod';
import { projectRoot, type Config } from '../config.js';
import { openDatabase, type Database } from '../db/client.js';
import { createExecutors } from '../db/queries/executors.js';
import { openObjectStore } from '../store/objects.js';
import { createApp } from './app.js';
import { createConfirmPages } from './confirm.js';
import { createInboxStreams } from './inbox/streams.js';
import { createLinkPages } from './links.js';
import { createLogger, type Logger } from './logging.js';
import { createMetrics } from './metrics.js';
import { createRoutes } from './routes.js';
import { createInboxRoutes } from './routes/inbox.js';
import { createPushRoutes, type PushSettings } from './routes/push.js';
import { createSegmentRoutes } from './routes/segment.js';
import type { ReadinessCheck } from './routes/health.js';
import { readinessOf } from '../core/campaign/readiness.js';
import { listen, type RunningServer } from './server.js';
import { connectWalker } from './temporal.js';
import { createUnsubscribePages } from './unsubscribe.js';
import { createSendgridWebhook } from './webhooks/sendgrid.js';
import { createSendgridInbound } from './webhooks/sendgrid-inbound.js';
import { createMetaWebhook } from './webhooks/meta.js';
import { createTwilioWebhooks } from './webhooks/twilio.js';

export type RunningApi = {
  readonly port: number;
  readonly url: string;
  /** Lets requests under way end, then lets go of everything. Calling it again waits for the same end. */
  close(): Promise<void>;
};

/**
 * Runs the API in this process until it is closed. Port 0 takes a free port. It starts while Temporal or the object store
 * is away and says so in /readyz; an occupied port is an error of one sentence.
 */
export async function runApi(
  config: Config,
  { logger = createLogger(config.logLevel) }: { readonly logger?: Logger } = {},
): Promise<RunningApi> {
  const database = openDatabase(config.databaseUrl, {
    applicationName: 'madansara-api',
    onIdleError: (error) => logger.warn({ error }, 'a database connection was lost'),
  });
  const walker = connectWalker(config.temporal);
  const objects = openObjectStore(config.objects);
  const readiness: readonly ReadinessCheck[] = [
    { name: 'postgres', check: () => database.pool.query('select 1 from tenants limit 1') },
    { name: 'temporal', check: () => walker.check() },
    { name: 'object_store', check: () => objects.get('madansara-readiness') }, // that it is absent is an answer too
  ];
  const ledgerKey = config.sending?.ledgerKey;
  const streams = createInboxStreams({
    database,
    now: Date.now,
    onError: (error) => logger.warn({ error }, 'inboxes could not be watched; tried again in a second'),
  });
  const metrics = createMetrics();
  metrics.show('madansara_inbox_streams', 'Streams of inboxes that are open', streams.count);
  let closing: Promise<void> | undefined;
  const routes = createRoutes({
    database,
    walker,
    tests: walker,
    ledgerKey,
    campaigns: walker,
    sending: readinessOf(config.sending),
    executors: createExecutors(() => new Date()),
    readiness,
    isClosing: () => closing !== undefined,
    now: () => new Date(),
  });
  const app = createApp({
    database,
    routes,
    segment: createSegmentRoutes({ database }),
    inbox: createInboxRoutes({ database, streams, ledgerKey, now: Date.now }),
    push: createPushRoutes({ database, push: pushOf(config.sending), ledgerKey, now: Date.now }),
    outside: outsideOf(database, config.sending, logger),
    logger,
    metrics,
    ...(config.api.adminKey !== undefined && { adminKey: config.api.adminKey }),
    version: await readVersion(),
  });
  const letGo = () => Promise.allSettled([database.close(), walker.close()]);
  let server: RunningServer;
  try {
    server = await listen(app, config.api);
  } catch (error) {
    await streams.close();
    await letGo();
    throw error;
  }
  const url = `http://${config.api.host.includes(':') ? `[${config.api.host}]` : config.api.host}:${server.port}`;
  logger.info({ url }, 'the API listens');
  return {
    port: server.port,
    url,
    close: () => {
      closing ??= Promise.all([streams.close(), server.close()]).then(async () => void (await letGo()));
      return closing;
    },
  };
}

const pushOf = (sending: Config['sending']): PushSettings | undefined =>
  sending?.push && { publicKey: sending.push.vapid.publicKey, onlyService: sending.push.service?.origin };

/** What providers and the people who get our messages call. */
function outsideOf(database: Database, sending: Config['sending'], logger: Logger): readonly Router[] {
  if (sending === undefined) return [];
  const { ledgerKey, publicUrl, mail, twilio, meta, inboundSecret } = sending;
  const now = () => new Date();
  return [
    // A mail server tells nothing later.
    ...(mail.kind === 'sendgrid' ? [createSendgridWebhook({ database, ledgerKey, publicKey: mail.webhookKey, logger })] : []),
    ...(inboundSecret ? [createSendgridInbound({ database, ledgerKey, secret: inboundSecret, now, logger })] : []),
    createUnsubscribePages({ database, ledgerKey, now }),
    createConfirmPages({ database, ledgerKey, now }),
    createLinkPages({ database, ledgerKey, now }),
    ...(twilio ? [createTwilioWebhooks({ database, ledgerKey, publicUrl, authToken: twilio.authToken, now, logger })] : []),
    ...(meta ? [createMetaWebhook({ database, ledgerKey, ...meta, now, logger })] : []),
  ];
}

async function readVersion(): Promise<string> {
  const text = await readFile(join(projectRoot, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
