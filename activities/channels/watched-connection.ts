import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';

export type WatchedConnection = {
  /** For one request of an HTTP client. */
  readonly agents: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent };
  /** False when a connection was tried and never came about; `unknown` when none was tried through these agents (a proxy, say). */
  written(): boolean | 'unknown';
};

/**
 * Watches whether a request's connection came about: when it did not, nothing was written, whatever the error that ended it,
 * and a thousand messages need not be called uncertain. No connection is kept for later: one that the other side has closed
 * meanwhile breaks just after the request was written to it, when nobody can tell any more. `https` is whom to trust, and how names are
 * looked up.
 */
export function watchConnection(https: Pick<AgentOptions, 'ca' | 'lookup'> = {}): WatchedConnection {
  let tried = false;
  let established = false;
  const watch = <A extends HttpAgent>(agent: A, establishedBy: 'connect' | 'secureConnect'): A => {
    const connecting = agent as unknown as { createConnection(...args: unknown[]): Duplex | undefined };
    const create = connecting.createConnection.bind(agent);
    connecting.createConnection = (...args) => {
      tried = true;
      return create(...args)?.once(establishedBy, () => (established = true));
    };
    return agent;
  };
  return {
    agents: {
      httpAgent: watch(new HttpAgent({ keepAlive: false }), 'connect'),
      httpsAgent: watch(new HttpsAgent({ ...https, keepAlive: false }), 'secureConnect'),
    },
    written: () => (tried ? established : 'unknown'),
  };
}
