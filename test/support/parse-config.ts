import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { DriftdConfig } from '../../src/config/types.ts';

/** A configuration from what its file says besides the database. @throws DriftdError as `loadConfig` */
export async function parseConfig(text: string): Promise<DriftdConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'driftd-config-'));
  try {
    const file = join(folder, 'driftd.yaml');
    writeFileSync(file, `postgres: { url: 'postgres://driftd@127.0.0.1/driftd' }\n${text}`);
    return await loadConfig(file, { env: {}, validateCron: () => null });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
