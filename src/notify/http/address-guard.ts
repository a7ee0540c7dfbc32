import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';

/** Ranges of IPv4 that are not the public internet (IANA special-purpose registry, RFC 6890 and successors). */
const PRIVATE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Of IPv6 only 2000::/3 is handed out; these parts of it carry other addresses inside or are for documentation. */
const PUBLIC_V6 = '2000::/3';
const PRIVATE_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function blockList(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', bits = ''] = range.split('/');
    list.addSubnet(net, Number(bits), family);
  }
  return list;
}

const privateV4 = blockList(PRIVATE_V4, 'ipv4');
const publicV6 = blockList([PUBLIC_V6], 'ipv6');
const privateV6 = blockList(PRIVATE_V6, 'ipv6');

/** Is this the address of a machine on the public internet? Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !privateV4.check(address, 'ipv4');
  if (isIP(address) !== 6 || address.includes('%')) return false;
  return publicV6.check(address, 'ipv6') && !privateV6.check(address, 'ipv6');
}

/** Thrown into the connection when a name leads where no message may go. */
export class AddressDenied extends Error {
  constructor(host: string) {
    super(`${host} leads to an address that is not public; allow_private permits that`);
  }
}

type Resolve = typeof systemLookup;

/**
 * A `lookup` for sockets: resolves once, tests every answer, and the connection goes to what was tested, so that a name
 * cannot change its mind in between. One private answer among public ones denies them all.
 */
export function guardedLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        done(error, '', 0);
        return;
      }
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
        done(new AddressDenied(hostname), '', 0);
      } else if (options.all === true) {
        done(null, addresses);
      } else {
        done(null, first.address, first.family);
      }
    });
  };
}
