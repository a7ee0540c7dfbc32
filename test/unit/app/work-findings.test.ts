import { describe, expect, it } from 'vitest';

import { workFindings } from '../../../src/app/status/work-findings.ts';
import type { ProcessStatus, StatusSnapshot } from '../../../src/storage/api/status-reader.ts';
import { parseConfig } from '../../support/parse-config.ts';

const NOW = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const CONFIG = await parseConfig('http_source: {}\nmodels: [{ name: m, features: {} }]\n');

const process = (
  name: string,
  seenAgo: number,
  startedAgo = 600 * MINUTE,
  roles = ['ingest'],
): ProcessStatus => ({ name, roles, startedAt: NOW - startedAgo, seenAt: NOW - seenAgo });

function told(processes: readonly ProcessStatus[]): string[] {
  const status: StatusSnapshot = {
    now: NOW,
    schemaVersion: 1,
    processes,
    models: [],
    monitors: [],
    partitions: [],
    alerts: [],
    outbox: [],
    problems: [],
  };
  return workFindings(status, [], CONFIG)
    .filter(({ check }) => check.startsWith('process'))
    .map(({ check, state, says }) => `${state} ${check}: ${says}`);
}

describe('what the doctor says of processes', () => {
  it('leaves out those that a living one replaced', () => {
    const dead = [10, 20, 30, 40].map((ago) => process(`dead-${String(ago)}`, ago * MINUTE));
    expect(told([...dead, process('alive', 0, 9 * MINUTE)])).toEqual([
      'ok process alive: runs ingest',
    ]);
  });

  it('tells of all others in one line, the newest by its name', () => {
    const before = process('alive', 0);
    const dead = [20, 10, 30].map((ago) => process(`dead-${String(ago)}`, ago * MINUTE));
    expect(told([...dead, before])).toEqual([
      'ok process alive: runs ingest',
      expect.stringMatching(
        /^warning process dead-10: has not shown itself for 10 min.* \(ingest\), and 2 more/,
      ),
    ]);
    expect(told([process('dead', 2 * MINUTE), process('alive', 0, MINUTE, ['serve'])])).toEqual([
      'ok process alive: runs serve',
      expect.stringMatching(/^warning process dead: .*\(ingest\)$/),
    ]);
  });
});
