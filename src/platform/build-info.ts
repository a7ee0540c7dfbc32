import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** The folder that has docs/, which many a message names; null: this installation has none, as the image. */
export function docsParent(): string | null {
  const folder = fileURLToPath(new URL('../../', import.meta.url));
  return existsSync(`${folder}docs`) ? folder : null;
}
