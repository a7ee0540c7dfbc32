/**
 * How long readers of the API wait: a real driftd with history, four readers that ask one thing after another; first
 * alone, then while a baseline of 300,000 rows x 20 columns is uploaded again and again. Prints both and their ratio.
 * Run: npm run bench:api
 */
import { fileURLToPath } from 'node:url';

import { numberRows, startRig } from '../scripts/api/rig.ts';
import type { Rig } from '../scripts/api/rig.ts';

const SECONDS = 15;
const READERS = 4;
const WARM_UP_MS = 2_000;
const ROWS = 300_000;
const COLUMNS = 20;

const SPAN = 'from=2013-02-01T00:00:00Z&to=2013-02-08T00:00:00Z';
const PATHS = [
  '/models',
  '/models/flights-late',
  '/models/flights-late/features',
  '/models/flights-late/evaluations?limit=20',
  '/models/flights-late/scores?limit=5&feature=temp',
  `/models/flights-late/features/temp/histogram?${SPAN}`,
  '/alerts',
] as const;

interface Measured {
  readonly case: string;
  readonly requests: number;
  readonly 'p50 ms': number;
  readonly 'p99 ms': number;
  readonly 'max ms': number;
  readonly uploads: number;
}

async function read(rig: Rig, end: number, times: number[]): Promise<void> {
  for (let i = 0; performance.now() < end; i += 1) {
    const started = performance.now();
    const answer = await fetch(`${rig.daemon.url}/api/v1${PATHS[i % PATHS.length] ?? ''}`);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
    times.push(performance.now() - started);
  }
}

async function measure(rig: Rig, name: string, uploads: () => number): Promise<Measured> {
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1_000;
  await Promise.all(Array.from({ length: READERS }, () => read(rig, end, times)));
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number =>
    Number(
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1),
    );
  return {
    case: name,
    requests: times.length,
    'p50 ms': at(0.5),
    'p99 ms': at(0.99),
    'max ms': at(1),
    uploads: uploads(),
  };
}

async function upload(rig: Rig, body: Buffer): Promise<void> {
  const answer = await fetch(`${rig.daemon.url}/api/v1/models/uploads/baselines`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: new Uint8Array(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the upload was answered ${answer.status}: ${text}`);
}

const bodies = [1, 2, 3, 4].map((seed) => numberRows(ROWS, COLUMNS, seed));
const rig = await startRig(fileURLToPath(new URL('..', import.meta.url)));
try {
  await read(rig, performance.now() + WARM_UP_MS, []);
  const alone = await measure(rig, 'reads alone', () => 0);
  let begun = 0;
  let going = true;
  const uploading = (async () => {
    while (going) {
      await upload(rig, bodies[begun % bodies.length] ?? Buffer.alloc(0));
      begun += 1;
    }
  })();
  const beside = await measure(rig, 'reads beside uploads', () => begun);
  going = false;
  await uploading;
  console.table([alone, beside]);
  const megabytes = ((bodies[0]?.length ?? 0) / 1_048_576).toFixed(0);
  console.log(
    `an upload is ${ROWS} rows x ${COLUMNS} columns, ${megabytes} MiB; p99 beside uploads / alone: ${(beside['p99 ms'] / alone['p99 ms']).toFixed(1)}`,
  );
} finally {
  await rig.stop();
}
