/**
 * What a large upload costs: 1,000,000 rows x 25 columns as CSV and as Parquet, read as an upload is read (a process of
 * its own), beside DuckDB reading the same file once and counting the same columns into 200 quantile bins. Prints time,
 * peak memory of the reader, and the ratio. Exit code 1 when a reader has taken more than its 350 MB.
 * Run: npm run bench:upload
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';

import { readInChild } from '../src/app/baselines/reading/in-child.ts';
import { READING_LIMITS } from '../src/app/baselines/reading/limits.ts';

const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
const NUMBERS = 20;
const CATEGORIES = 4;
/** Resident memory that reading may take, MB. */
const MAX_MB = 350;
const START = Date.UTC(2024, 0, 1);

const names = [
  'ts',
  ...Array.from({ length: NUMBERS }, (_, i) => `x${i}`),
  ...Array.from({ length: CATEGORIES }, (_, i) => `c${i}`),
];

/** Rows of every kind: numbers, whole ones, some with gaps, categories of 10 to 10,000 values, a time each 2 seconds. */
function rowsQuery(): string {
  const columns = [`to_timestamp(${START / 1000} + 2 * i) AS ts`];
  for (let i = 0; i < NUMBERS; i += 1) {
    const value = `(random() + random() + random() - 1.5) * ${i + 1}`;
    const written = i % 5 === 0 ? `round(${value})` : `round(${value}, 4)`;
    columns.push(
      `${i % 7 === 1 ? `CASE WHEN random() < .9 THEN ${written} END` : written} AS x${i}`,
    );
  }
  for (let i = 0; i < CATEGORIES; i += 1)
    columns.push(`'v' || floor(random() ** 3 * 10 ** ${i + 1})::int AS c${i}`);
  return `SELECT ${columns.join(', ')} FROM range(${ROWS}) t(i)`;
}

/** The greatest resident memory of this process's children, MB, while `work` runs. */
async function watched<T>(
  work: () => Promise<T>,
): Promise<{ result: T; seconds: number; mb: number }> {
  let most = 0;
  const look = setInterval(() => {
    for (const pid of childrenOf(process.pid)) most = Math.max(most, peakOf(pid));
  }, 50);
  const started = performance.now();
  const result = await work();
  clearInterval(look);
  return { result, seconds: (performance.now() - started) / 1000, mb: most };
}

function childrenOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '),
  );
}

function peakOf(pid: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'driftd-bench-'));
let failed = false;
try {
  const csv = join(folder, 'rows.csv');
  const parquet = join(folder, 'rows.parquet');
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await duck.run('SELECT setseed(.5)');
  await duck.run(`COPY (${rowsQuery()}) TO '${csv}' (FORMAT csv)`);
  // One group of all rows, as pandas writes it: the hardest to read in little memory.
  await duck.run(
    `COPY (FROM read_csv('${csv}')) TO '${parquet}' (FORMAT parquet, ROW_GROUP_SIZE 1048576)`,
  );
  const table = [];
  for (const [format, path, from] of [
    ['CSV', csv, `read_csv('${csv}')`],
    ['Parquet', parquet, `read_parquet('${parquet}')`],
  ] as const) {
    const { result, seconds, mb } = await watched(() =>
      readInChild(READING_LIMITS)({
        path,
        model: 'bench',
        provenance: format,
        declarations: { timeColumn: 'ts', declared: [], attributes: [], slots: false },
        history: new Map(),
      }),
    );
    if (result.rows !== ROWS) throw new Error(`${result.rows} rows were read`);
    const started = performance.now();
    const columns = names
      .slice(1)
      .map((name) =>
        name.startsWith('x')
          ? `approx_quantile(${name}, [${Array.from({ length: 199 }, (_, i) => (i + 1) / 200).join(',')}]), count(${name})`
          : `approx_top_k(${name}, 64), count(${name})`,
      );
    await duck.runAndReadAll(`SELECT ${columns.join(', ')} FROM ${from}`);
    const duckSeconds = (performance.now() - started) / 1000;
    failed ||= mb > MAX_MB;
    table.push({
      file: format,
      MB: Math.round(statSync(path).size / 1e6),
      rows: ROWS,
      columns: names.length,
      'driftd s': Number(seconds.toFixed(1)),
      'rows/s': Math.round(ROWS / seconds),
      'peak MB': Math.round(mb),
      'DuckDB s': Number(duckSeconds.toFixed(1)),
      ratio: Number((seconds / duckSeconds).toFixed(1)),
    });
  }
  console.table(table);
  console.log(
    `Peak memory of a reader: at most ${MAX_MB} MB wanted${failed ? ', NOT held' : ', held'}.`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed ? 1 : 0;
