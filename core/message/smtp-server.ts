/** Where mails are handed in, and as whom. */
export type SmtpServer = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  /** Nothing is said without TLS: a password is not for everybody on the way. */
  readonly requireTls: boolean;
  readonly login?: { readonly user: string; readonly password: string };
};

/** What `smtp://user:password@host:587` or `smtps://user:password@host:465` says, or what is wrong with it, without a word of it. */
export function parseSmtpUrl(text: string): SmtpServer | { readonly fault: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^smtps?:$/.test(url.protocol) || !/^([\w.-]+|\[[\da-f:.]+\])$/i.test(url.hostname))
    return { fault: 'smtp:// or smtps:// with a host is expected' };
  const { hostname, port, username, password, pathname, search, hash } = url;
  if ((pathname !== '' && pathname !== '/') || search !== '' || hash !== '') return { fault: 'nothing is expected after host and port' };
  if ((username === '') !== (password === '')) return { fault: 'a user and a password are expected together' };
  const login = decoded(username, password);
  if (!login) return { fault: 'what is special in user or password is expected in percent-encoding' };
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = url.protocol === 'smtps:';
  return {
    host,
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTls: !secure && username !== '' && !isThisMachine(host),
    ...(username !== '' && { login }),
  };
}

/** Whether what is sent there stays on this machine. */
export const isThisMachine = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

function decoded(user: string, password: string): { readonly user: string; readonly password: string } | undefined {
  try {
    return { user: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}
