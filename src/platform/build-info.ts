import { readFileSync } from 'node:fs';

export interface BuildInfo {
  readonly name: string;
  readonly version: string;
  /** Version of Node that runs it, without the v. */
  readonly node: string;
}

/** What is running: read from the package that this file belongs to, whatever the working directory is. */
export function readBuildInfo(): BuildInfo {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { name, version } = JSON.parse(text) as { name: string; version: string };
  return { name, version, node: process.versions.node };
}
