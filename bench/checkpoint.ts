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
/** As many seconds of a busy day: then it shows what updates in place leave behind. */
const BLOAT_FLUSHES = 1_000;

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
  for (let round = 1; round <= BLOAT_FLUSHES; round += 1) {
    await layouts[0]?.flush(roundOfCounts(round % ROUNDS));
    // One flush a second, and autovacuum looks once a minute.
    if (round % 60 === 0) await pool.query('VACUUM tile');
  }
  const { hot, heap, live } = await bloat(pool);
  process.stdout.write(
    `after ${BLOAT_FLUSHES} more flushes of packed tiles: ${(100 * hot).toFixed(0)} % of the updates were HOT, the table has ${(heap / live).toFixed(1)} times its live bytes\n`,
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

/** Of the one day of tiles that is written: share of updates without a new index entry; bytes of its heap, and of its rows. */
async function bloat(of: Pool): Promise<{ hot: number; heap: number; live: number }> {
  const { rows } = await of.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'tile'::regclass LIMIT 1",
  );
  const name = rows[0]?.name ?? '';
  // Sessions tell what they have done once they have been idle for a while.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const { rows: found } = await of.query<{ hot: number; heap: number; live: number }>(
    `SELECT n_tup_hot_upd::double precision / greatest(1, n_tup_upd) AS hot, pg_table_size(relid) AS heap,
       (SELECT sum(pg_column_size(t.*)) FROM ${name} t)::bigint AS live
     FROM pg_stat_user_tables WHERE relname = $1`,
    [name],
  );
  return found[0] as { hot: number; heap: number; live: number };
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
