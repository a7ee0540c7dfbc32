import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { ReplayConfig } from '../../../src/config/types.ts';
import { replayFindings } from '../../../src/app/ingest/replay-finding.ts';

const folder = mkdtempSync(join(tmpdir(), 'driftd-replay-finding-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function look(format: ReplayConfig['format'], content: string | null, name = 'events') {
  const path = join(folder, name);
  rmSync(path, { force: true });
  if (content !== null) writeFileSync(path, content);
  const mapping = { model: 'm', time: 'at' };
  return replayFindings({ name: 'past', path, format, eventFormat: 'flat', mapping });
}

describe('what the doctor says of a replayed file', () => {
  it('is nothing where none is replayed', async () => {
    expect(await replayFindings(null)).toEqual([]);
  });

  it.each([
    ['csv', 'at,x\n2026-01-01,1\n', 'ok', /can be read as csv$/],
    ['ndjson', '{"model": "m"}\n', 'ok', /can be read as ndjson$/],
    ['ndjson', '\uFEFF{"model": "m"}\n', 'ok', /can be read as ndjson$/],
    ['json', '[{"at": "2026-01-01", "x": 1}]', 'ok', /can be read as json$/],
    ['ndjson', '', 'ok', /has no record yet$/],
    ['csv', 'ts,x\n2026-01-01,1\n', 'warning', /its first row has no time, in a column at$/],
    ['csv', 'at,x\n2026-01-01\n', 'warning', /its first record is none: .*1 fields/],
    ['ndjson', 'at,x\n2026-01-01,1\n', 'warning', /its first line is no JSON$/],
    ['csv', '', 'fault', /cannot be read as csv: the file has no header line$/],
    ['parquet', 'at,x\n2026-01-01,1\n', 'fault', /cannot be read as parquet: /],
  ] as const)('is for %s of %j: %s', async (format, content, state, says) => {
    expect(await look(format, content)).toMatchObject([
      { check: 'replay', state, says: expect.stringMatching(says), code: null },
    ]);
  });

  it('is what driftd run ends with when it is not there', async () => {
    expect(await look('csv', null)).toMatchObject([
      { state: 'fault', says: expect.stringContaining('ENOENT'), code: 'INPUT_UNREADABLE' },
    ]);
  });
});
