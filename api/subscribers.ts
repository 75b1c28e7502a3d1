import type { Request, RequestHandler, Response } from 'express';
import { DomainError } from '../core/errors.js';
import { readSubscriberToken, type Subscriber } from '../core/inbox/subscriber-token.js';
import { inboxTopic } from '../core/inbox/topic.js';
import { bearerToken } from './auth.js';
import { RequestProblem } from './errors.js';
import { requestState, step } from './requests.js';

export type SubscriberAdmission = {
  /** Signs the tokens; where there is none, nobody is admitted. */
  readonly ledgerKey: Buffer | undefined;
  readonly now: () => number;
  readonly rateLimiter: RequestHandler;
};

/** Whose page this is. Who shows no valid token is counted against their address, and then told. */
export async function admitSubscriber(admission: SubscriberAdmission, request: Request, response: Response): Promise<Subscriber> {
  const state = requestState(request);
  let subscriber: Subscriber | undefined;
  let refusal: unknown;
  try {
    subscriber = subscriberOf(admission, request);
    state.subscriber = { tenantId: subscriber.tenantId, topic: inboxTopic(subscriber.tenantId, subscriber.userId) };
  } catch (error) {
    refusal = error;
  }
  await step(admission.rateLimiter, request, response);
  if (subscriber === undefined) throw refusal instanceof Error ? refusal : new Error('a token could not be read', { cause: refusal });
  return subscriber;
}

function subscriberOf({ ledgerKey, now }: SubscriberAdmission, request: Request): Subscriber {
  if (ledgerKey === undefined) throw noInboxes();
  const token = bearerToken(request);
  if (token === undefined) throw unauthorized('send a subscriber token as "Authorization: Bearer …"; POST /v1/inbox/tokens gives one');
  const read = readSubscriberToken(ledgerKey, token, now());
  switch (read.kind) {
    case 'valid':
      return read.subscriber;
    case 'expired':
      throw unauthorized('the token has expired: get a new one');
    case 'forged':
      throw unauthorized('this is no subscriber token');
  }
}

export const noInboxes = (): DomainError =>
  new DomainError('not_available', 'there are no inboxes here: nothing is sent from this installation (LEDGER_KEY)');

const unauthorized = (message: string): RequestProblem =>
  new RequestProblem('unauthorized', message, { headers: { 'WWW-Authenticate': 'Bearer realm="madansara inbox"' } });
