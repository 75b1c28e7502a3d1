import type { Request, Response } from 'express';
import { DomainError } from '../../core/errors.js';
import { readToken } from '../../core/message/token.js';
import { endpointFault, keysFault } from '../../core/push/subscription.js';
import type { Database } from '../../db/client.js';
import { dropPushDevice, keepPushDevice, takePushReport } from '../../db/queries/push-devices.js';
import { RequestProblem } from '../errors.js';
import { describePushOperations, NewSubscription, OldSubscription, Report } from '../push/operations.js';
import { createRateLimiter } from '../rate-limits.js';
import { requestState, step } from '../requests.js';
import { requireValid } from '../route.js';
import {
  answerOtherMethod,
  createSubscriberRouter,
  letAnySite,
  parsedBody,
  type SubscriberHandler,
  type SubscriberRouting,
} from '../subscriber-router.js';

export type PushSettings = {
  /** Our VAPID key, with which browsers subscribe. */
  readonly publicKey: string;
  /** The one push service of a rehearsal. */
  readonly onlyService?: string | undefined;
};

export type PushRouteDependencies = SubscriberRouting & {
  readonly database: Pick<Database, 'pool'>;
  /** Absent: this installation sends no push messages. */
  readonly push: PushSettings | undefined;
};

const REPORTS = '/v1/push/reports/:token';

/** Browsers that users have let show messages, told of by the pages that they subscribed on; and what their service workers tell. */
export function createPushRoutes({ database, push, ...routing }: PushRouteDependencies) {
  const { router, serve, bodyOf } = createSubscriberRouter(routing, { maxBodyBytes: 8_192 });
  const settings = (): PushSettings & { readonly ledgerKey: Buffer } => {
    if (!push || !routing.ledgerKey) throw noPush();
    return { ...push, ledgerKey: routing.ledgerKey };
  };

  serve('/v1/push/key', {
    GET: (_subscriber, _request, response) => Promise.resolve(void response.json({ public_key: settings().publicKey })),
  });
  const keep: SubscriberHandler = async (subscriber, request, response) => {
    const { publicKey, onlyService, ledgerKey } = settings();
    const { endpoint, keys } = requireValid('body', NewSubscription, parsedBody(await bodyOf(request)));
    const fault = endpointFault(endpoint, onlyService);
    if (fault !== undefined) throw refused('endpoint', fault);
    const keyFault = keysFault(keys);
    if (keyFault !== undefined) throw refused('keys', keyFault);
    const subscription = { endpoint, ...keys };
    const at = new Date(routing.now());
    if (!(await keepPushDevice(database, subscriber, { subscription, vapidKey: publicKey, addressKey: ledgerKey, at }))) {
      throw new DomainError('conflict', 'this id was merged into another user: get a token for the id under which they are known now');
    }
    response.json({ kept: true });
  };
  const drop: SubscriberHandler = async (subscriber, request, response) => {
    const { ledgerKey: addressKey } = settings();
    const { endpoint } = requireValid('body', OldSubscription, parsedBody(await bodyOf(request)));
    response.json({ dropped: await dropPushDevice(database, subscriber, { endpoint, addressKey, at: new Date(routing.now()) }) });
  };
  serve('/v1/push/subscriptions', { PUT: keep, DELETE: drop });

  const rateLimiter = createRateLimiter(routing.rateLimits);
  router.all(REPORTS, async (request: Request<{ token: string }>, response: Response) => {
    const state = requestState(request);
    state.route = '/v1/push/reports/{token}';
    letAnySite(response);
    if (request.method !== 'POST') return answerOtherMethod(['POST'], request, response);
    const message = routing.ledgerKey && readToken(routing.ledgerKey, request.params.token);
    // Who holds a message's token is counted by it: telephones share the address of their provider.
    if (message) state.link = request.params.token;
    await step(rateLimiter, request, response);
    const { what } = requireValid('body', Report, parsedBody(await bodyOf(request)));
    const report = { kind: what === 'shown' ? 'delivered' : 'opened', at: new Date(routing.now()) } as const;
    const isTaken = message && (await takePushReport(database, message.tenantId, { messageId: message.messageId, ...report }));
    if (isTaken !== true) throw new DomainError('not_found', 'no message that was sent to a browser has this token');
    response.json({ taken: true });
  });
  return { router, operations: describePushOperations() };
}

const noPush = (): DomainError =>
  new DomainError('not_available', 'this installation sends no push messages (VAPID_PRIVATE_KEY and VAPID_SUBJECT)');

const refused = (path: string, message: string): RequestProblem =>
  new RequestProblem('invalid', `body ${path}: ${message}`, { faults: [{ in: 'body', path, message }] });
