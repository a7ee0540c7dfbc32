import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { spawnDriftd } from '../support/driftd.ts';
import { freshDatabase } from '../support/servers.ts';

it('a signal that comes twice, as to a group of processes, ends driftd in good order', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-stop-'));
  const file = path.join(folder, 'driftd.yaml');
  try {
    const database = await freshDatabase();
    writeFileSync(
      file,
      `http_source: {}\npostgres: { url: '${database}' }\nhttp: { listen: '127.0.0.1:0' }\nmodels: [{ name: m }]\n`,
    );
    const driftd = spawnDriftd(['run', '--config', file]);
    await driftd.line('driftd is up');
    driftd.kill('SIGTERM');
    await driftd.line('driftd stops');
    driftd.kill('SIGTERM');
    const { code } = await driftd.ended;
    expect(code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
