/**
 * What decoding and counting an event costs on one core, without Kafka and Postgres: off the bytes, by JSON.parse with the
 * same counting, and JSON.parse alone; and what is allocated for it. The least of several rounds.
 * Run: npm run bench:decode [-- --events 20000]
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { TileCache } from '../src/accumulate/tile-cache.ts';
import type { SourceRecord } from '../src/core/domain/ingestion.ts';
import { createEventDecoder } from '../src/ingest/decode/event-decoder.ts';
import { createParsingDecoder } from '../src/ingest/decode/native.ts';
import { FrameList } from '../src/ingest/decoder.ts';
import type { Decoder } from '../src/ingest/decoder.ts';
import { eventsOf } from './ingest/events.ts';
import type { Workload } from './ingest/events.ts';
import { planOf } from './decode/plan.ts';

const ROUNDS = 9;
/** One of so many records is measured for what is allocated. */
const FEW = 20;
const ALL = ['all'];
const MAPPING = {};

const { values } = parseArgs({ options: { events: { type: 'string', default: '20000' } } });
const events = Number(values.events);

const usual: Workload = { name: 'usual', events, features: 25, segments: 0, unusual: false };
const WORKS: readonly Workload[] = [
  usual,
  { ...usual, name: 'wide', events: Math.round(events / 20), features: 500 },
  { ...usual, name: 'in 50 segments, too', segments: 50 },
];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The records of one memory, as a fetched batch has them. */
function recordsOf(work: Workload): SourceRecord[] {
  const texts = [...eventsOf(work)];
  const memory = Buffer.from(texts.join(''));
  let at = 0;
  return texts.map((text, offset) => {
    const from = at;
    at += Buffer.byteLength(text);
    const place = { memory, from, to: at };
    const value = memory.subarray(from, at);
    return { offset, timestamp: 0, key: null, value, place, headers: new Map() };
  });
}

/** @returns what goes over all records once */
function counting(work: Workload, records: readonly SourceRecord[], decoder: Decoder): () => void {
  const plan = planOf(work);
  const schemas = { schema: (model: string) => (model === plan.schema.model ? plan.schema : null) };
  const into = new FrameList();
  const tiles = new TileCache({ limitBytes: Infinity, bytes: 0 });
  const sliced = new Map(
    Array.from({ length: work.segments }, (_, i) => [`C${i}`, ['all', `country=C${i}`]]),
  );
  return () => {
    for (const record of records) {
      into.clear();
      const rejection = decoder.decode(record, schemas, into);
      if (rejection !== null) throw new Error(rejection.detail);
      const frame = into.at(0);
      tiles.count(plan, frame, sliced.get(frame.attributes[0] ?? '') ?? ALL);
    }
    const counted = tiles.dirty().reduce((sum, tile) => sum + tile.events, 0);
    if (counted < records.length) throw new Error(`${counted} events were counted`);
  };
}

function parsing(records: readonly SourceRecord[]): () => void {
  return () => {
    let keys = 0;
    for (const { value } of records)
      keys += Object.keys(JSON.parse(String(value)) as object).length;
    if (keys < records.length) throw new Error('events without keys');
  };
}

interface Cost {
  readonly ns: number;
  /** Of V8's heap. */
  readonly bytes: number;
}

/** @param few the same over so few records that nothing is collected meanwhile, for what is allocated */
function measure(run: () => void, count: number, few: () => void, fewCount: number): Cost {
  let ns = Infinity;
  let bytes = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    collect();
    const start = process.hrtime.bigint();
    run();
    ns = Math.min(ns, Number(process.hrtime.bigint() - start) / count);
    few();
    collect();
    const before = process.memoryUsage().heapUsed;
    few();
    const allocated = process.memoryUsage().heapUsed - before;
    // Less than nothing: some was collected all the same.
    if (allocated >= 0) bytes = Math.min(bytes, allocated / fewCount);
  }
  return { ns, bytes };
}

const rows = WORKS.flatMap((work) => {
  const records = recordsOf(work);
  const few = records.slice(0, records.length / FEW);
  const ways: readonly (readonly [string, (of: readonly SourceRecord[]) => () => void])[] = [
    ['JSON.parse alone', parsing],
    ['off the bytes, counted', (of) => counting(work, of, createEventDecoder('auto', MAPPING))],
    ['by JSON.parse, counted', (of) => counting(work, of, createParsingDecoder())],
  ];
  const costs = ways.map(([, way]) => measure(way(records), records.length, way(few), few.length));
  const plain = costs[0]?.ns ?? NaN;
  return ways.map(([way], i) => {
    const { ns, bytes } = costs[i] as Cost;
    return {
      events: `${work.features} features${work.segments > 0 ? `, ${work.name}` : ''}`,
      way,
      'ns an event': Math.round(ns),
      'ns a value': Number((ns / work.features).toFixed(1)),
      'x JSON.parse': Number((plain / ns).toFixed(2)),
      'heap bytes a value': Number((bytes / work.features).toFixed(1)),
    };
  });
});
console.table(rows);
