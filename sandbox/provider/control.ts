import type { ServerResponse } from 'node:http';
import type { FaultScript, RequestRecord, SendFault } from './faults.js';
import { reply } from './http.js';
import type { Journal } from './journal.js';

type Controlled = {
  readonly journal: Journal<unknown>;
  readonly requests: readonly RequestRecord[];
  readonly faults: FaultScript<SendFault>;
  readonly webhook: { pending(): number };
};

/** What a sandbox in its own process tells of itself, and is told to do. False: the request is not for this. */
export function serveControl(
  { journal, requests, faults, webhook }: Controlled,
  { route, query, body }: { readonly route: string; readonly query: URLSearchParams; readonly body: Buffer | undefined },
  response: ServerResponse,
): boolean {
  switch (route) {
    case 'GET /sandbox/counts':
      reply(response, 200, {
        ...journal.counts(),
        duplicates: journal.duplicates().size,
        requests: requests.length,
        unanswered: requests.reduce((sum, { unanswered = 0 }) => sum + unanswered, 0),
        pending: webhook.pending(),
      });
      return true;
    case 'GET /sandbox/messages':
      reply(response, 200, journal.byToken(query.get('token') ?? ''));
      return true;
    case 'GET /sandbox/duplicates':
      reply(response, 200, Object.fromEntries(journal.duplicates()));
      return true;
    case 'POST /sandbox/faults':
      faults.add(...(JSON.parse(String(body)) as SendFault[]));
      reply(response, 202, {});
      return true;
    default:
      return false;
  }
}
