import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A cache entry is a folder that appears whole (built beside, then renamed) and is checked against its manifest before
 * every use: a damaged or half-written one is thrown away and made again.
 */

const MANIFEST = 'manifest.json';

interface ManifestEntry {
  readonly size: number;
  readonly sha256: string;
}

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(path.join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(prefix, entry.name);
    return entry.isDirectory() ? filesBelow(folder, name) : [name];
  });
}

function entryOf(file: string): ManifestEntry {
  const bytes = readFileSync(file);
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Writes the manifest of all files below `folder`. */
function seal(folder: string): void {
  const entries = Object.fromEntries(
    filesBelow(folder).map((name) => [name, entryOf(path.join(folder, name))]),
  );
  writeFileSync(path.join(folder, MANIFEST), JSON.stringify(entries, null, 1));
}

/** What is wrong with a cache entry, or undefined when it is complete and untouched. */
export function damageOf(folder: string): string | undefined {
  if (!existsSync(path.join(folder, MANIFEST))) return 'no manifest';
  try {
    const wanted = JSON.parse(readFileSync(path.join(folder, MANIFEST), 'utf8')) as Record<
      string,
      ManifestEntry
    >;
    for (const [name, entry] of Object.entries(wanted)) {
      const file = path.join(folder, name);
      if (!existsSync(file)) return `${name} is missing`;
      if (statSync(file).size !== entry.size) return `${name} has another size`;
      if (entryOf(file).sha256 !== entry.sha256) return `${name} has other content`;
    }
    // A class path takes whatever lies there.
    const more = filesBelow(folder).find((name) => name !== MANIFEST && !(name in wanted));
    if (more !== undefined) return `${more} does not belong there`;
    return Object.keys(wanted).length === 0 ? 'empty' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A build takes minutes at the most; what is older was left by a run that was killed. */
const ABANDONED_MS = 3_600_000;

function removeAbandoned(folder: string): void {
  const parent = path.dirname(folder);
  for (const name of readdirSync(parent)) {
    const left = path.join(parent, name);
    if (!name.startsWith(`${path.basename(folder)}.new-`)) continue;
    const age = Date.now() - (statSync(left, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED_MS) rmSync(left, { recursive: true, force: true });
  }
}

/**
 * Returns a sound cache entry, building it when it is missing or damaged.
 *
 * @param folder where the entry belongs
 * @param build fills the (empty) folder it is given
 */
export async function cached(
  folder: string,
  build: (into: string) => Promise<void> | void,
): Promise<string> {
  if (damageOf(folder) === undefined) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  removeAbandoned(folder);
  const fresh = mkdtempSync(`${folder}.new-`);
  try {
    await build(fresh);
    seal(fresh);
    rmSync(folder, { recursive: true, force: true });
    try {
      renameSync(fresh, folder);
    } catch (error) {
      // Another run was faster; its entry must be sound.
      if (damageOf(folder) !== undefined) throw error;
    }
    return folder;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
