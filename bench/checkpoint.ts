/**
 * What a flush costs: 1,000 features of one model, each with 100 new values, made durable together with the position they
 * were read up to. driftd's packed tiles through its own store, beside the two layouts one would think of first: a row a
 * bin, and an array of counts a feature that SQL adds to. The same counts, the same database, rounds in turn.
 * Run: npm run bench:checkpoint
 */
import { createDatabase, startPostgres } from '../scripts/servers/postgres.ts';
import { createLog } from '../src/platform/log.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import { createPool } from '../src/storage/postgres/pool.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';
import { arrays, packed, rowPerBin } from './checkpoint/layouts.ts';
import type { Layout } from './checkpoint/layouts.ts';
import { FEATURES, roundOfCounts, VALUES } from './checkpoint/counts.ts';

const ROUNDS = 12;
/** The first touch of a page after the database's own checkpoint writes the whole page. */
const WARM_UP = 2;

const server = await startPostgres();
const log = createLog('error', { write: (line) => process.stderr.write(line) });
const pool = createPool({
  url: await createDatabase(server.url),
  max: 4,
  applicationName: 'driftd bench',
  log,
});
try {
  await migrate(pool, log);
  const layouts = [await packed(pool), await arrays(pool), await rowPerBin(pool)];
  const seen = new Map<Layout, { ms: number[]; wal: number[] }>(
    layouts.map((layout) => [layout, { ms: [], wal: [] }]),
  );
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const counts = roundOfCounts(round);
    for (const layout of layouts) {
      const before = await walPosition(pool);
      const start = performance.now();
      await layout.flush(counts);
      const ms = performance.now() - start;
      const wal = (await walPosition(pool)) - before;
      if (round < WARM_UP) continue;
      seen.get(layout)?.ms.push(ms);
      seen.get(layout)?.wal.push(wal);
    }
  }
  const rows = layouts.map((layout) => {
    const { ms, wal } = seen.get(layout) as { ms: number[]; wal: number[] };
    return { layout, ms: median(ms), wal: median(wal) };
  });
  const own = rows[0] as (typeof rows)[number];
  process.stdout.write(
    `${FEATURES} features x ${VALUES} new values a flush, median of ${ROUNDS} flushes, one position in the same transaction\n\n`,
  );
  console.table(
    await Promise.all(
      rows.map(async ({ layout, ms, wal }) => ({
        layout: layout.name,
        'ms a flush': Number(ms.toFixed(1)),
        'features/s': Math.round((FEATURES / ms) * 1_000),
        'WAL bytes a feature': Math.round(wal / FEATURES),
        'table MB': Number((await megabytes(pool, layout.table)).toFixed(1)),
        'driftd is faster': `${(ms / own.ms).toFixed(1)} x`,
        'less WAL': `${(wal / own.wal).toFixed(1)} x`,
      })),
    ),
  );
} finally {
  await pool.end();
  await server.stop();
}

/** Bytes of write-ahead log since ever. */
async function walPosition(of: Pool): Promise<number> {
  const { rows } = await of.query<{ bytes: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text AS bytes",
  );
  return Number(rows[0]?.bytes);
}

/** Table with its partitions and indexes. */
async function megabytes(of: Pool, table: string): Promise<number> {
  const { rows } = await of.query<{ bytes: number }>(
    `SELECT sum(pg_total_relation_size(relid))::bigint AS bytes FROM pg_partition_tree($1::regclass)`,
    [table],
  );
  const { rows: plain } = await of.query<{ bytes: number }>(
    'SELECT pg_total_relation_size($1::regclass) AS bytes',
    [table],
  );
  return (rows[0]?.bytes ?? plain[0]?.bytes ?? 0) / 1024 / 1024;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
