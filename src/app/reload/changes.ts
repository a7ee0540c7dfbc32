import { isDeepStrictEqual } from 'node:util';

import type { DriftdConfig } from '../../config/types.ts';

/** What the process holds on to from its start: connections, the listener, positions that it reads from. */
const NEEDS_RESTART = [
  'kafka',
  'replay',
  'postgres',
  'http',
  'ingest',
  'baselines',
  'httpSource',
] as const;

/** Keys whose name in the file is not the snake_case of the name in the program. */
const WRITTEN: Readonly<Record<string, string>> = {
  'http.adminToken': 'http.admin_token_file',
  'kafka.deadLetterTopic': 'kafka.dead_letter',
};

/** Sections that differ, as the file names them. */
export function changedSections(current: DriftdConfig, next: DriftdConfig): string[] {
  const sections = Object.keys(next) as (keyof DriftdConfig)[];
  const changed = sections.filter((section) => !isDeepStrictEqual(current[section], next[section]));
  // What a channel needs is said with its receiver.
  return [...new Set(changed.map((name) => (name === 'channels' ? 'receivers' : snakeCase(name))))];
}

/** Keys that differ and cannot change while the process runs, as the file names them. */
export function keysThatNeedRestart(current: DriftdConfig, next: DriftdConfig): string[] {
  return NEEDS_RESTART.flatMap((section) => {
    const [before, after] = [current[section], next[section]];
    if (isDeepStrictEqual(before, after)) return [];
    if (before === null || after === null) return [snakeCase(section)];
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys]
      .filter((key) => !isDeepStrictEqual(Reflect.get(before, key), Reflect.get(after, key)))
      .map((key) => writtenAs(section, key));
  });
}

/** sessionTimeoutMs of kafka is kafka.session_timeout. */
function writtenAs(section: string, key: string): string {
  return WRITTEN[`${section}.${key}`] ?? `${snakeCase(section)}.${snakeCase(key)}`;
}

function snakeCase(name: string): string {
  return name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
