import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';

import { readSlice } from '../../../src/app/baselines/replay/slice-reader.ts';
import type { RecordBatch, RecordList, SourceRecord } from '../../../src/core/domain/ingestion.ts';
import type {
  EventSource,
  RecordConsumer,
  SourceControl,
} from '../../../src/ingest/event-source.ts';

const MIB = 1024 * 1024;
const RECORDS = 10;
const partition = { source: 'kafka', topic: 't', partition: 0 };

/** Records as a source has them: made when the list is gone through. */
class Lazy implements RecordList {
  static made = 0;
  readonly length = RECORDS;
  readonly bytes: number;
  private readonly from: number;

  constructor(from: number, bytes: number) {
    this.from = from;
    this.bytes = bytes;
  }

  *[Symbol.iterator](): Generator<SourceRecord> {
    for (let i = 0; i < RECORDS; i += 1) {
      Lazy.made += 1;
      yield { offset: this.from + i, timestamp: 0, key: null, value: null, headers: new Map() };
    }
  }
}

/** A source that delivers as fast as it may, in batches that take so many bytes. */
function source(bytes: number) {
  let position = 0;
  let [paused, stopped] = [false, false];
  const handed = { taken: 0, refused: 0 };
  const control = {
    seek: (_: unknown, offset: number) => {
      position = offset;
    },
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
  } as unknown as SourceControl;
  async function run(consumer: RecordConsumer): Promise<void> {
    consumer.assigned([partition], control);
    while (!stopped) {
      await turn();
      if (paused) continue;
      const from = position;
      const batch: RecordBatch = {
        partition,
        from,
        to: from + RECORDS,
        records: new Lazy(from, bytes),
        logEnd: null,
      };
      position = batch.to;
      const before = consumer.batch(batch);
      if (before) handed.taken += 1;
      else {
        handed.refused += 1;
        paused = true;
      }
    }
  }
  let running = Promise.resolve();
  const events = {
    start(consumer: RecordConsumer) {
      running = run(consumer);
      return Promise.resolve();
    },
    async stop() {
      stopped = true;
      await running;
    },
  } as unknown as EventSource;
  return { events, handed };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 100; i += 1) await turn();
};

/** Reads to the end; `look` is called with each batch, once the source has gone as far as it may. */
async function offsetsOf(events: EventSource, end: number, look: () => void): Promise<number[]> {
  const offsets: number[] = [];
  for await (const { records } of readSlice(events, new Map([[0, { start: 3, end }]]))) {
    await settled();
    look();
    for (const { offset } of records) offsets.push(offset);
  }
  return offsets;
}

const upTo = (end: number): number[] => Array.from({ length: end - 3 }, (_, i) => 3 + i);

it('what waits is bounded by bytes, and nothing is lost or read twice', async () => {
  for (const [bytes, waiting] of [
    [1, 8],
    [3 * MIB, 5],
    [7 * MIB, 2],
    [9 * MIB, 1],
    [40 * MIB, 1],
  ] as const) {
    const { events, handed } = source(bytes);
    let read = 0;
    let most = 0;
    const offsets = await offsetsOf(events, 206, () => {
      read += 1;
      most = Math.max(most, handed.taken - read);
    });
    expect(offsets).toEqual(upTo(206));
    expect(most).toBe(waiting);
  }
});

it('records are made when they are read, and those beyond the end are left out', async () => {
  Lazy.made = 0;
  let made = -1;
  const offsets = await offsetsOf(source(1).events, 30, () => {
    if (made < 0) ({ made } = Lazy);
  });
  expect(made).toBe(0);
  expect(offsets).toEqual(upTo(30));
});
