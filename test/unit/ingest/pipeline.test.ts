import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Pipeline } from '../../../src/ingest/pipeline.ts';
import { createReplaySource } from '../../../src/ingest/replay/replay-source.ts';
import { createLog } from '../../../src/platform/log.ts';
import { MemorySource, record, records, steeredPipeline } from '../../support/steered-pipeline.ts';
import type { MemoryPartition } from '../../support/steered-pipeline.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

const SILENCE_MS = 3_000;
/** Long after what is waited for has come on any machine. */
const LATE_MS = 20_000;
let running: Pipeline | null = null;

afterEach(async () => {
  await running?.stop();
  running = null;
  vi.useRealTimers();
});

async function start(
  partitions: MemoryPartition[],
  options: Parameters<typeof steeredPipeline>[1] & { batchRecords?: number; remote?: boolean } = {},
) {
  const source = new MemorySource(partitions, options.batchRecords);
  source.remote = options.remote ?? true;
  const steered = steeredPipeline(source, options);
  running = steered.pipeline;
  return { source, ...steered };
}

describe('a batch that cannot be read, with the position inside it', () => {
  it('is quarantined with the offsets that are left of it, and reading goes on', async () => {
    const reason = { reason: 'too-large', detail: 'too large', records: 20 } as const;
    const { pipeline, store } = await start([
      { start: 0, records: [record(19, '', reason), ...records(20, 25)] },
    ]);
    store.place(0, 7);
    await pipeline.start();

    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 25, LATE_MS);

    expect(store.row(0).outcomes).toMatchObject({ quarantined: 13, counted: 5, filtered: 0 });
    expect(store.row(0).epoch).toBe(1);
  });
});

describe('a log that is made anew while it is read', () => {
  async function readTo10() {
    const missing = vi.fn<(source: string) => void>();
    const steered = await start([{ start: 0, records: records(0, 10) }], {
      metrics: { anchorMissing: missing },
    });
    await steered.pipeline.start();
    await vi.waitUntil(() => steered.store.rows.get(0)?.nextOffset === 10, LATE_MS);
    return { ...steered, missing };
  }

  it('is halted when the new one is longer, before any of it is counted', async () => {
    const { source, store, clock } = await readTo10();
    clock.ahead += SILENCE_MS;
    source.partitions[0] = { start: 0, records: records(0, 30, 'other') };

    await vi.waitUntil(() => store.row(0).state === 'halted', LATE_MS);

    expect(store.row(0).reason).toMatch(/made anew/);
    expect(store.row(0)).toMatchObject({ nextOffset: 10, outcomes: { counted: 10 } });
  });

  it('is halted when the new one is shorter, though nothing comes of it', async () => {
    const { source, store } = await readTo10();
    source.tellEnds();
    source.partitions[0] = { start: 0, records: [] };
    source.tellEnds();

    await vi.waitUntil(() => store.row(0).state === 'halted', LATE_MS);

    expect(store.row(0).reason).toMatch(/ends before offset 10/);
  });

  it('is halted when the record is gone that was read last, unless the topic is compacted', async () => {
    const { source, store, clock, missing } = await readTo10();
    clock.ahead += SILENCE_MS;
    source.partitions[0] = { start: 0, records: [...records(0, 9), ...records(11, 15)] };

    await vi.waitUntil(() => store.row(0).state === 'halted', LATE_MS);

    expect(store.row(0).reason).toMatch(/not compacted/);
    expect(missing).toHaveBeenCalledWith('kafka');
  });

  it.each([true, null])(
    'is read on and told when compaction may have taken it (%s)',
    async (may) => {
      const { source, store, clock, missing } = await readTo10();
      source.compacted = may;
      clock.ahead += SILENCE_MS;
      source.partitions[0] = { start: 0, records: [...records(0, 9), ...records(11, 15)] };

      await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 15, LATE_MS);

      expect(store.row(0)).toMatchObject({ state: 'ok', outcomes: { counted: 14, filtered: 1 } });
      expect(missing).toHaveBeenCalledTimes(1);
    },
  );

  it('is no other one for a silence: what comes after it is counted once', async () => {
    const { source, store, clock } = await readTo10();
    clock.ahead += SILENCE_MS;
    source.partitions[0]?.records.push(...records(10, 40));

    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 40, LATE_MS);

    expect(store.row(0)).toMatchObject({ state: 'ok', epoch: 1, outcomes: { counted: 40 } });
  });
});

describe('records that retention takes while the partition is read', () => {
  it('are a gap, also when none comes after them', async () => {
    const { source, store, pipeline } = await start([{ start: 0, records: records(0, 10) }]);
    await pipeline.start();
    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 10, LATE_MS);
    source.partitions[0] = { start: 25, records: [] };
    source.tellEnds();

    await vi.waitUntil(() => store.row(0).gaps.length > 0, LATE_MS);

    expect(store.row(0).gaps).toMatchObject([{ from: 10, to: 25 }]);
    expect(store.row(0).state).toBe('ok');
  });
});

describe('what is known about the end of a log', () => {
  it('is the lag, which goes when it was not told for long; then nobody has read everything', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lags: (number | null)[] = [];
    const { source, store, pipeline, clock } = await start(
      [{ start: 0, records: records(0, 10) }],
      {
        metrics: { lag: (_, lag) => lags.push(lag) },
      },
    );
    await pipeline.start();
    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 10, LATE_MS);
    source.tellEnds();
    expect(lags.at(-1)).toBe(0);

    clock.ahead += 31_000;
    vi.advanceTimersByTime(5_000);
    expect(lags.at(-1)).toBeNull();
    const { caughtUp } = store.row(0);
    clock.ahead += 60_000;
    source.partitions[0]?.records.push(...records(10, 11));
    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 11, LATE_MS);
    expect(store.row(0).caughtUp).toBe(caughtUp);
  });
});

/** A file of so many rows, replayed to its end; then the clock is a minute on. */
async function replayedLongAgo(rows: number) {
  const config = {
    name: 'rows',
    path: await temporaryFile('rows.csv', `at,x\n${'2026-01-01,1\n'.repeat(rows)}`),
    format: 'csv',
    eventFormat: 'flat',
    mapping: { model: 'rows', time: 'at' },
  } as const;
  const held = { lost: new AbortController().signal, release: () => Promise.resolve() };
  const source = createReplaySource(
    config,
    { take: () => Promise.resolve(held) },
    createLog('silent'),
  );
  const steered = steeredPipeline(source, {
    metrics: {
      lag: (_, lag) => {
        if (lag === 0 && steered.clock.ahead === 0) steered.clock.ahead = 60_000;
      },
    },
  });
  running = steered.pipeline;
  return steered;
}

describe('a log that is at no server', () => {
  it('is read to its end for good once that was told: it holds no other one back', async () => {
    const { store, pipeline, clock } = await replayedLongAgo(20);
    await pipeline.start();
    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 20, LATE_MS);

    await vi.waitUntil(() => store.row(0).caughtUp > 0, LATE_MS);

    expect(clock.ahead).toBe(60_000);
  });

  it('is the same one after a silence: nothing of it is read again', async () => {
    const { source, store, pipeline, clock } = await start(
      [{ start: 0, records: records(0, 10) }],
      { remote: false },
    );
    await pipeline.start();
    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 10, LATE_MS);
    const { delivered } = source;
    clock.ahead += SILENCE_MS;
    source.partitions[0]?.records.push(...records(10, 20));

    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 20, LATE_MS);

    expect(source.delivered).toBe(delivered + 1);
  });
});

describe('an assignment that is lost', () => {
  it('leaves nothing assigned, until the next one', async () => {
    const { source, store, pipeline } = await start([{ start: 0, records: records(0, 10) }]);
    await pipeline.start();
    expect(pipeline.assigned).toBe(1);
    const [log] = source.partitions;

    source.lose();
    expect(pipeline.assigned).toBeNull();

    source.partitions.push(log as MemoryPartition);
    source.assign();
    expect(pipeline.assigned).toBe(1);
    await vi.waitUntil(() => store.rows.get(0)?.nextOffset === 10, LATE_MS);
  });
});

/** Two records, and a look at the bytes of the first. */
function watchedRecords() {
  const value = Buffer.alloc(1_000);
  const held = [{ ...record(0, ''), value }, record(1, 'small')];
  return { held, counted: new WeakRef(value) };
}

describe('a backlog in many partitions', () => {
  const PARTITIONS = 64;
  const BUDGET = 256 * 1024;

  it('takes no more memory than the budget while nothing can be committed, and is counted after', async () => {
    const partitions = Array.from({ length: PARTITIONS }, () => ({
      start: 0,
      records: records(0, 200, 'x'.repeat(1_000)),
    }));
    const { source, store, budget, pipeline } = await start(partitions, {
      budgetBytes: BUDGET,
      batchRecords: 25,
    });
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      store.place(partition, 0);
      store.stalled.add(partition);
    }
    let peak = 0;
    source.afterBatch = () => {
      peak = Math.max(peak, budget.heldBytes);
    };
    await pipeline.start();
    await vi.waitUntil(() => store.refused > 4 * PARTITIONS, LATE_MS);
    expect(peak).toBeGreaterThan(BUDGET / 2);
    expect(peak).toBeLessThanOrEqual(BUDGET);

    store.stalled.clear();
    await vi.waitUntil(
      () => [...store.rows.values()].every(({ nextOffset }) => nextOffset === 200),
      LATE_MS,
    );

    expect([...store.rows.values()].every(({ outcomes }) => outcomes.counted === 200)).toBe(true);
    expect(budget.heldBytes).toBe(0);
    expect(source.earlySeeks).toBe(0);
  });

  it('of which one cannot be committed does not keep the others from being read', async () => {
    const partitions = Array.from({ length: 4 }, () => ({
      start: 0,
      records: records(0, 500, 'x'.repeat(1_000)),
    }));
    const { store, pipeline } = await start(partitions, { budgetBytes: BUDGET, batchRecords: 100 });
    for (const partition of partitions.keys()) store.place(partition, 0);
    store.stalled.add(2);
    await pipeline.start();

    await vi.waitUntil(
      () => [0, 1, 3].every((partition) => store.row(partition).nextOffset === 500),
      LATE_MS,
    );

    expect(store.row(2).nextOffset).toBe(0);
  });

  it('keeps nothing of what it has counted, also while a checkpoint waits', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { held, counted } = watchedRecords();
    const { store, pipeline } = await start([{ start: 0, records: held }]);
    store.place(0, 0);
    store.stalled.add(0);
    await pipeline.start();
    await vi.waitUntil(() => store.refused > 0, LATE_MS);
    held.length = 0;

    await vi.waitUntil(() => {
      collect();
      return counted.deref() === undefined;
    }, LATE_MS);
    expect(store.row(0).nextOffset).toBe(0);
  });

  it('takes a batch that is larger than the budget, alone', async () => {
    const partitions = Array.from({ length: 3 }, () => ({
      start: 0,
      records: records(0, 4, 'x'.repeat(BUDGET)),
    }));
    const { store, pipeline } = await start(partitions, { budgetBytes: BUDGET, batchRecords: 2 });
    for (const partition of partitions.keys()) store.place(partition, 0);
    await pipeline.start();

    await vi.waitUntil(
      () => [...store.rows.values()].every(({ nextOffset }) => nextOffset === 4),
      LATE_MS,
    );

    expect([...store.rows.values()].map(({ outcomes }) => outcomes.counted)).toEqual([4, 4, 4]);
  });
});
