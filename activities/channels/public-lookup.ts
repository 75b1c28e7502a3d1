import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The code of a connection that was never tried: the name leads to a network of our own. */
export const PRIVATE_ADDRESS = 'EPRIVATE';

/**
 * Looks a name up for a connection, and gives nothing unless every address of it is public. What is looked up is what is connected to, so
 * that a name cannot lead elsewhere by the time that it is used.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: readonly LookupAddress[]) => {
    const [first] = addresses ?? [];
    if (error || !first) return callback(error ?? failure('ENOTFOUND', hostname), []);
    if (!addresses.every(({ address }) => isPublic(address))) return callback(failure(PRIVATE_ADDRESS, hostname), []);
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  });
};

/** Of an IPv4 address within an IPv6 one the inner one counts; those that are led through others are nobody's to reach. */
export const isPublic = (address: string): boolean => ipaddr.process(address).range() === 'unicast';

const failure = (code: string, hostname: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${hostname} leads to no public address`), { code });
