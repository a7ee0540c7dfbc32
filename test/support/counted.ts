import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startDriftd } from '../../scripts/demo/daemon.ts';
import type { Daemon } from '../../scripts/demo/daemon.ts';
import { sleep } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { runCliIn } from './run-cli.ts';
import { freshDatabase, uniqueName } from './servers.ts';

/** An event of the model below, parted where a number goes. */
export const EVENT = { head: '{"model":"counted","ts":1767225600000,"features":{"x":', tail: '}}' };

/** One row of ingest_partition. */
export interface PartitionRow {
  readonly partition: number;
  readonly position: number;
  readonly start: number;
  readonly counted: number;
  readonly quarantined: number;
  readonly filtered: number;
  readonly state: string;
  readonly reason: string | null;
}

/** A real `driftd run` that does nothing but count one topic, and what it has stored. */
export interface CountingDriftd {
  readonly pid: number;
  /** Starts it again after `stop` or a crash. */
  start(): Promise<void>;
  stop(): Promise<void>;
  partitions(): Promise<readonly PartitionRow[]>;
  rows(query: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Waits until the partitions are as wanted. @throws Error with how they are */
  until(
    reached: (rows: readonly PartitionRow[]) => boolean,
    timeoutMs?: number,
  ): Promise<readonly PartitionRow[]>;
  /** Runs a command of driftd with the same configuration. @throws Error unless it ends well */
  command(...words: readonly string[]): Promise<void>;
  metric(name: string): Promise<readonly string[]>;
  /** The most memory that the process has had, MiB. */
  peakMiB(): number;
  end(): Promise<void>;
}

export async function countingDriftd(options: {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly start?: string;
  /** More lines below `kafka:`. */
  readonly kafka?: string;
}): Promise<CountingDriftd> {
  const url = await freshDatabase();
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-counting-'));
  const config = path.join(folder, 'driftd.yaml');
  writeFileSync(config, configuration(options));
  const pool = createPool({ url, max: 2, applicationName: 'test', log: createLog('silent') });
  let daemon: Daemon | null = null;
  const running = (): Daemon => {
    if (daemon === null) throw new Error('driftd is not running');
    return daemon;
  };
  const partitions = async (): Promise<PartitionRow[]> => {
    const { rows } = await pool.query<PartitionRow>(
      `SELECT partition, next_offset AS position, start_offset AS start, counted, quarantined, filtered, state, reason
       FROM ingest_partition ORDER BY partition`,
    );
    return rows;
  };
  const counting: CountingDriftd = {
    get pid() {
      return running().pid;
    },
    async start() {
      daemon = await startDriftd({ root: folder, config, env: { DATABASE_URL: url } });
    },
    async stop() {
      await daemon?.stop();
      daemon = null;
    },
    partitions,
    rows: async (query) => (await pool.query<Record<string, unknown>>(query)).rows,
    async until(reached, timeoutMs = 60_000) {
      const end = performance.now() + timeoutMs;
      for (;;) {
        const rows = await partitions();
        if (reached(rows)) return rows;
        daemon?.assertRunning();
        if (performance.now() > end) throw new Error(`not reached: ${JSON.stringify(rows)}`);
        await sleep(100);
      }
    },
    async command(...words) {
      const { code, err } = await runCliIn({ DATABASE_URL: url }, ...words, '--config', config);
      if (code !== 0) throw new Error(err);
    },
    async metric(name) {
      const text = await (await fetch(`${running().url}/metrics`)).text();
      return text.split('\n').filter((line) => line.startsWith(name));
    },
    peakMiB() {
      const status = readFileSync(`/proc/${running().pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    },
    async end() {
      await daemon?.stop();
      await pool.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return counting;
}

function configuration(options: {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly start?: string;
  readonly kafka?: string;
}): string {
  return `
kafka:
  brokers: ${JSON.stringify(options.brokers)}
  group: ${uniqueName('driftd')}
  topics: [{ name: ${options.topic}, start: ${options.start ?? 'earliest'} }]
  session_timeout: 6s
${options.kafka ?? ''}
postgres: { url: '\${DATABASE_URL}' }
http: { listen: '127.0.0.1:0' }
models:
  - name: counted
    features:
      x: { kind: numeric }
`;
}
