import { DriftdError } from '../../platform/errors.ts';

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * A bare addr-spec (RFC 5321, dot-atom and domain name): ASCII, no name, comment, quotes, list, group or line break.
 * What an SMTP library would take for several recipients, or for more than an address, is not one.
 */
export function isMailAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > 254) return false;
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  return local.length <= 64 && LOCAL.test(local) && domain.split('.').every((l) => LABEL.test(l));
}

/** @throws DriftdError CONFIG_INVALID that shows what was given */
export function assertMailAddress(text: string, where: string): void {
  if (isMailAddress(text)) return;
  throw new DriftdError(
    'CONFIG_INVALID',
    `${where}: ${JSON.stringify(text.slice(0, 80))} is not a bare mail address, write one like oncall@example.com`,
  );
}

/** The part behind the last @. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
