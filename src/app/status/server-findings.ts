import { statfs } from 'node:fs/promises';

import type { SchemaFacts, ServerFacts } from '../../storage/postgres/status/server-facts.ts';
import { SAFETY_SETTINGS } from '../../storage/postgres/status/server-facts.ts';
import { fault, ok, unknown, warning } from './finding.ts';
import type { Finding } from './finding.ts';

/** Clocks that differ by more are worth a look; by much more, events count as coming from the future. */
const SKEW_WARNING_MS = 1_000;
const SKEW_FAULT_MS = 60_000;
/** Of the disk, or of the connections. */
const FREE_WARNING = 0.15;
const FREE_FAULT = 0.05;
const MIN_MAJOR = 14;

const WHAT_BREAKS: Readonly<Record<(typeof SAFETY_SETTINGS)[number], string>> = {
  fsync: 'a crash of the server can destroy the database',
  synchronous_commit: 'a crash of the server can undo counts and messages that were committed',
  full_page_writes: 'a crash of the server can tear pages of the database',
};

export function serverFindings(facts: ServerFacts): Finding[] {
  return [versionFinding(facts), ...settingFindings(facts), skewFinding(facts), roomFinding(facts)];
}

function versionFinding({ version, inRecovery }: ServerFacts): Finding {
  if (inRecovery)
    return fault(
      'database',
      `the server (${version}) is a standby that takes no writes`,
      'let postgres.url point to the primary',
      'DATABASE_UNREACHABLE',
    );
  if (Number.parseInt(version, 10) < MIN_MAJOR)
    return warning(
      'database',
      `the server is PostgreSQL ${version}, driftd is tested from ${String(MIN_MAJOR)} up`,
      'upgrade the server',
    );
  return ok('database', `PostgreSQL ${version} answers and takes writes`);
}

/** Settings that committed data stands or falls with. */
export function settingFindings({ settings }: Pick<ServerFacts, 'settings'>): Finding[] {
  return SAFETY_SETTINGS.map((name) => {
    const value = settings.get(name) ?? 'unknown';
    if (value !== 'off') return ok(name, `${name} is ${value}`);
    return fault(
      name,
      `${name} is off: ${WHAT_BREAKS[name]}`,
      `set ${name} = on in the server's configuration and reload it`,
      'DATABASE_UNSAFE',
    );
  });
}

function skewFinding({ now, ownNow, roundTripMs }: ServerFacts): Finding {
  // Half of the round trip is not known to which side it belongs.
  const skew = Math.max(0, Math.abs(ownNow - now) - roundTripMs / 2);
  const told = `this machine's clock is ${(skew / 1_000).toFixed(3)} s ${ownNow > now ? 'ahead of' : 'behind'} the database's`;
  if (skew <= SKEW_WARNING_MS)
    return ok(
      'clock',
      `this machine's clock and the database's agree within ${SKEW_WARNING_MS / 1_000} s`,
    );
  const wayOut = 'let both machines follow the same time servers (NTP)';
  return skew > SKEW_FAULT_MS ? fault('clock', told, wayOut) : warning('clock', told, wayOut);
}

function roomFinding({ connections: { used, max } }: ServerFacts): Finding {
  const told = `${String(used)} of the server's ${String(max)} connections are in use`;
  if (max === 0 || (max - used) / max > FREE_WARNING) return ok('connections', told);
  return warning('connections', told, 'raise max_connections, or lower postgres.pool of driftd');
}

export function schemaFinding({ version, known, missing, newer, changed }: SchemaFacts): Finding {
  if (newer.some(({ breaking }) => breaking))
    return fault(
      'schema',
      `the database has schema version ${String(version)}, this driftd knows ${String(known)} and must not use it`,
      'run the newer driftd, or restore the backup that belongs to this one',
      'SCHEMA_TOO_NEW',
    );
  if (version === 0)
    return warning(
      'schema',
      'the database has no schema yet',
      'driftd run makes it at start, or driftd migrate beforehand',
    );
  if (missing.length > 0)
    return fault(
      'schema',
      `the database lacks ${String(missing.length)} migrations of this driftd, from ${String(missing[0])}`,
      'driftd migrate, or restart driftd run: it migrates at start',
    );
  if (changed.length > 0)
    return warning(
      'schema',
      `${changed.join(', ')} was applied with another text`,
      'run a driftd of a release: this one, or the one that migrated, was changed by hand',
    );
  if (newer.length > 0)
    return warning(
      'schema',
      `the database has schema version ${String(version)}, this driftd knows ${String(known)}: it can still use it`,
      'finish the upgrade: all processes on the newer driftd',
    );
  return ok('schema', `version ${String(version)}, as this driftd knows it`);
}

/** The disk can only be seen where the server's files are on this machine. */
export async function diskFinding(
  { dataFolder, bytes }: ServerFacts,
  local: boolean,
): Promise<Finding> {
  const size = `the database has ${inBytes(bytes)}`;
  if (dataFolder === null || !local)
    return unknown('disk', `${size}; the free space of its disk is not visible from here`);
  try {
    const { bavail, blocks, bsize } = await statfs(dataFolder);
    const free = bavail / blocks;
    const told = `${size}, its disk has ${inBytes(bavail * bsize)} free (${(100 * free).toFixed(0)} %)`;
    const wayOut = 'make room on the disk, or shorten what is kept (docs/operations.md, Sizes)';
    if (free < FREE_FAULT) return fault('disk', told, wayOut);
    return free < FREE_WARNING ? warning('disk', told, wayOut) : ok('disk', told);
  } catch {
    return unknown('disk', `${size}; the free space of its disk is not visible from here`);
  }
}

function inBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1_000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${String(units[unit])}`;
}
