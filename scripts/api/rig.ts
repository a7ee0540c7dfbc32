import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';

import { sleep } from '../../src/platform/clock.ts';
import { startDriftd } from '../demo/daemon.ts';
import type { Daemon } from '../demo/daemon.ts';
import { writeFlights } from '../demo/publisher.ts';
import { makeTempFolder } from '../servers/lifecycle.ts';
import { startPostgres } from '../servers/postgres.ts';

/** A driftd with real history behind its API, on servers of its own. */
export interface Rig {
  readonly daemon: Daemon;
  /** Its configuration file; `driftd` commands need `env`, too. */
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const FLIGHTS = 'flights-late.csv.gz';
const HISTORY_MS = 120_000;
/** Flights of the first weeks: enough for verdicts, alerts and late changes. */
const EVENTS = 6_000;

/**
 * Replays the first weeks of the demo's flights, with a few records that cannot be counted, and waits until they are judged.
 * @param root the project's folder
 */
export async function startRig(root: string): Promise<Rig> {
  const folder = makeTempFolder('api');
  const postgres = await startPostgres();
  const events = join(folder.path, 'events.ndjson');
  await writeEvents(join(folder.path, 'flights.ndjson'), events);
  const config = join(folder.path, 'driftd.yaml');
  const baselines = join(folder.path, 'baselines');
  await mkdir(baselines);
  await copyFile(join(root, 'baselines', FLIGHTS), join(baselines, FLIGHTS));
  await writeFile(join(baselines, 'uploads.csv'), numberRows(1_000, 20, 0));
  await writeFile(config, configOf(baselines, events));
  const env = { DATABASE_URL: await postgres.createDatabase() };
  const daemon = await startDriftd({ root, config, env });
  const stop = async (): Promise<void> => {
    await daemon.stop();
    await postgres.stop();
    folder.remove();
  };
  try {
    await untilJudged(daemon);
    return { daemon, config, env, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** A CSV of numbers that differ with `seed`: what is uploaded for the model `uploads`. */
export function numberRows(rows: number, columns: number, seed: number): Buffer {
  const lines = [Array.from({ length: columns }, (_, i) => `x${i}`).join(',')];
  let state = seed;
  for (let row = 0; row < rows; row += 1) {
    const cells: string[] = [];
    for (let i = 0; i < columns; i += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      cells.push((state / 4_294_967_296).toFixed(5));
    }
    lines.push(cells.join(','));
  }
  return Buffer.from(lines.join('\n'));
}

function configOf(baselines: string, events: string): string {
  return `replay: { name: predictions, path: ${JSON.stringify(events)}, format: ndjson }
postgres: { url: "\${DATABASE_URL}" }
http: { listen: "127.0.0.1:0" }
http_source: {}
baselines: { directory: ${JSON.stringify(baselines)} }
models:
  - name: flights-late
    time_column: ts
    features:
      temp: { tier: critical }
      score: { role: prediction, tier: critical }
      carrier: { kind: categorical }
      origin: { kind: categorical }
      dest: { kind: categorical }
  - name: uploads
monitors:
  - { name: flights-weekly, model: flights-late, schedule: "0 0 * * *", clock: event, windows: [24h, 7d] }
notify: { test_schedule: "off" }
`;
}

async function writeEvents(flights: string, to: string): Promise<void> {
  await writeFlights(flights);
  const out = createWriteStream(to);
  let written = 0;
  for await (const line of createInterface({ input: createReadStream(flights) })) {
    if (written === EVENTS) break;
    out.write(`${line}\n`);
    written += 1;
    if (written % 1_000 === 0) out.write(`{"model":"flights-late","ts":"soon"}\n{"model":\n`);
  }
  out.end();
  await finished(out);
}

/** Until a pass of two seconds brought no further evaluation. */
async function untilJudged(daemon: Daemon): Promise<void> {
  const end = performance.now() + HISTORY_MS;
  let before = -1;
  while (performance.now() < end) {
    daemon.assertRunning();
    const answer = await fetch(`${daemon.url}/api/v1/models/flights-late/evaluations?limit=500`);
    const { items } = answer.ok ? ((await answer.json()) as { items: unknown[] }) : { items: [] };
    if (items.length > 5 && items.length === before) return;
    before = items.length;
    await sleep(2_000);
  }
  throw new Error(`the flights were not judged within ${HISTORY_MS / 1_000} s`);
}
