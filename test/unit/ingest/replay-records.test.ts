import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';

import type { EventMapping, ReplayConfig, ReplayFormat } from '../../../src/config/types.ts';
import { fileRecords } from '../../../src/ingest/replay/file-records.ts';
import { linesOf } from '../../../src/ingest/replay/lines.ts';
import { decode } from '../../support/event-decoding.ts';

const folder = mkdtempSync(join(tmpdir(), 'driftd-replay-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const MAPPING: EventMapping = { model: 'credit', time: 'at' };
let files = 0;

function configOf(format: ReplayFormat, content: string | Uint8Array, name?: string): ReplayConfig {
  const path = join(folder, name ?? `file-${++files}`);
  writeFileSync(path, content);
  return { name: 'r', path, format, eventFormat: 'flat', mapping: MAPPING };
}

/** What a file holds: texts of records, reasons of faulty ones with what is told, null for those not asked for. */
async function read(config: ReplayConfig, from = 0): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const records of fileRecords(config, from))
    for (const record of records)
      all.push(
        record === null
          ? null
          : record.fault === undefined
            ? record.value.toString()
            : [record.fault.reason, record.fault.detail, record.value.toString()],
      );
  return all;
}

const decoded = (text: unknown, texts: boolean, mapping: EventMapping = MAPPING) =>
  decode({ format: 'flat', mapping, texts, value: text });

describe('lines of a file', () => {
  it('end with a line feed alone, however the bytes come', async () => {
    const text = 'a\u2028b\n\n \t\nc\r\n"é"\u0085\nlast';
    for (let size = 1; size < 9; size += 1) {
      const found: unknown[] = [];
      for await (const lines of linesOf(chunksOf(Buffer.from(text), size), 100))
        found.push(...lines.map(({ number, bytes }) => [number, bytes.toString()]));
      expect(found).toEqual([
        [1, 'a\u2028b'],
        [4, 'c'],
        [5, '"é"\u0085'],
        [6, 'last'],
      ]);
    }
  });

  it('are cut at their limit', async () => {
    for (const size of [3, 50]) {
      const found: unknown[] = [];
      const text = Buffer.from(`${'x'.repeat(12)}\nshort\n${'y'.repeat(10)}\n`);
      for await (const lines of linesOf(chunksOf(text, size), 10))
        found.push(...lines.map(({ bytes, cut }) => [bytes.toString(), cut]));
      expect(found).toEqual([
        ['x'.repeat(10), 2],
        ['short', 0],
        ['y'.repeat(10), 0],
      ]);
    }
  });
});

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size)
    yield await Promise.resolve(bytes.subarray(at, at + size));
}

describe('records of NDJSON', () => {
  it('are lines as they are; those before the first that is asked for are counted', async () => {
    const content = '{"a":1}\n\n{"b":"\u2028"}\r\n{"c":3}';
    expect(await read(configOf('ndjson', content))).toEqual([
      '{"a":1}',
      '{"b":"\u2028"}',
      '{"c":3}',
    ]);
    expect(await read(configOf('ndjson', gzipSync(content), 'x.ndjson.gz'), 2)).toEqual([
      null,
      null,
      '{"c":3}',
    ]);
  });

  it('that are too long are faulty; that are no UTF-8 the decoder finds', async () => {
    const long = `{"a":"${'x'.repeat(1_100_000)}"}`;
    const content = Buffer.concat([
      Buffer.from(`${long}\n`),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    ]);
    const [first, second] = await read(configOf('ndjson', content));
    expect(first).toEqual(['too-large', 'line 1 has 1100008 bytes', long.slice(0, 4_096)]);
    expect(second).toBe('"\uFFFD"');
    for await (const records of fileRecords(configOf('ndjson', content), 1))
      expect(decode({ value: records[1]?.value })).toMatchObject({ reason: 'invalid-encoding' });
  });
});

describe('a record of a file, which has no time of its own', () => {
  const event = { model: 'credit', features: { age: 1 } };
  const ts = '2026-01-21T12:53:20.000Z';
  const none = {
    reason: 'invalid-timestamp',
    detail: 'the event has no time, and none stands around it',
  };

  it.each([
    ['a native event', {}, event, { ...event, ts }],
    ['one of a model renamed', { models: new Map([['x', 'y']]) }, event, { ...event, ts }],
    ['a flat event', { model: 'credit' }, { age: 1 }, { age: 1, ts }],
    ['rows', { model: 'credit' }, { instances: [{ age: 1 }] }, null],
  ])('needs one in the event: %s', (_, mapping, value, timed) => {
    const sent = { mapping, timestamp: -1 };
    expect(decode({ ...sent, value })).toEqual(none);
    if (timed !== null)
      expect(decode({ ...sent, value: timed })).toMatchObject({ events: [{ time: ts, age: 1 }] });
  });

  it('needs one in each event of a batch', () => {
    const batch = (...events: readonly object[]) => decode({ timestamp: -1, value: { events } });
    expect(batch({ ...event, ts })).toMatchObject({ events: [{ time: ts }] });
    expect(batch({ ...event, ts }, event)).toEqual({
      ...none,
      detail: `event 2 of the batch: ${none.detail}`,
    });
  });
});

describe('records of CSV', () => {
  it('are rows of texts by their columns', async () => {
    const content =
      '\uFEFFat,age,job\r\n2026-01-01,39,"cl""erk, a"\r\n\r\n,,\n2026-01-02,4,"two\nlines"\n';
    expect(await read(configOf('csv', content))).toEqual([
      '{"at":"2026-01-01T00:00:00Z","age":"39","job":"cl\\"erk, a"}',
      '{"at":null,"age":null,"job":null}',
      '{"at":"2026-01-02T00:00:00Z","age":"4","job":"two\\nlines"}',
    ]);
    expect(await read(configOf('csv', content), 2)).toEqual([null, null, expect.any(String)]);
  });

  it('that are no rows are faulty, and none of the others is', async () => {
    const content = Buffer.concat([
      Buffer.from('a,b\n1,2\n1,2,3\n1\n5" pipe,x\n3,4\n"open,5\n6,7\n'),
      Buffer.from([0xff, 0x2c, 0x31, 0x0a]),
      Buffer.from('8,9\n'),
    ]);
    const found = [
      '{"a":"1","b":"2"}',
      ['invalid-shape', 'the row of line 3 has 3 fields, the header 2', '1,2,3'],
      ['invalid-shape', 'the row of line 4 has 1 fields, the header 2', '1'],
      ['invalid-shape', 'the quotes of line 5 are not those of CSV', '5" pipe,x'],
      '{"a":"3","b":"4"}',
      ['invalid-shape', 'the quotes of line 7 are not those of CSV', '"open,5'],
      '{"a":"6","b":"7"}',
      ['invalid-encoding', 'line 9 is not UTF-8', '\uFFFD,1'],
      '{"a":"8","b":"9"}',
    ];
    expect(await read(configOf('csv', content))).toEqual(found);
    for (let from = 0; from < found.length; from += 1)
      expect((await read(configOf('csv', content), from)).slice(from)).toEqual(found.slice(from));
  });

  it('whose quote does not close within a record are one line', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${'x'.repeat(40)}`);
    const content = `a,b\n"open,1\n${rows.join('\n')}\n`;
    const found = await read(configOf('csv', content));
    expect(found.length).toBe(30_001);
    expect(found[0]).toMatchObject(['invalid-shape', expect.any(String), '"open,1']);
    expect(found[30_000]).toBe(`{"a":"29999","b":"${'x'.repeat(40)}"}`);
  });

  it.each([
    ['', /no header/],
    ['a,,b\n', /each column needs a name/],
    ['a,b,a\n', /has a name twice/],
    ['"a,b\n1,2\n', /cannot be read/],
  ])('need a header: %j', async (content, says) => {
    await expect(read(configOf('csv', content))).rejects.toThrow(says);
  });

  it('are events: numbers where the feature is numeric, categories as they stand', async () => {
    const mapping = { ...MAPPING, id: 'request', version: 'v' };
    const content =
      'at,request,v,age,job,score,paid,country,more\n1769000000,007,2,39.0,007,.5,1,DE,x\n1769000000000,8,,inf,21.0,nan,,,\n';
    const rows = await read(configOf('csv', content));
    expect(rows.map((row) => decoded(row, true, mapping))).toEqual([
      {
        events: [
          {
            time: '2026-01-21T12:53:20.000Z',
            age: 39,
            job: '007',
            score: 0.5,
            paid: 1,
            country: 'DE',
            id: '007/input+prediction+label/0',
            version: '2',
            unknown: 1,
          },
        ],
      },
      {
        events: [
          {
            time: '2026-01-21T12:53:20.000Z',
            age: Infinity,
            job: '21',
            score: 'nan',
            paid: null,
            id: '8/input+prediction+label/0',
            unknown: 1,
          },
        ],
      },
    ]);
  });

  it.each([
    ['1769000000', '2026-01-21T12:53:20.000Z'],
    ['1769000000.25', '2026-01-21T12:53:20.250Z'],
    ['1769000000000', '2026-01-21T12:53:20.000Z'],
    ['1769000000000000', '2026-01-21T12:53:20.000Z'],
    ['2026-01-21', '2026-01-21T00:00:00.000Z'],
    ['2026-01-21 12:53', '2026-01-21T12:53:00.000Z'],
    ['2026-01-21 12:53:20.5', '2026-01-21T12:53:20.500Z'],
    ['2026-01-21T12:53:20', '2026-01-21T12:53:20.000Z'],
    ['2026-01-21T12:53:20+01:00', '2026-01-21T11:53:20.000Z'],
    ['2026-01-21 12:53:20+0100', '2026-01-21T11:53:20.000Z'],
    ['2026-01-21 12:53:20.123456+00:00', '2026-01-21T12:53:20.123Z'],
  ])('have their time as files write it: %s', async (written, time) => {
    const [row] = await read(configOf('csv', `at,age\n${written},1\n`));
    expect(decoded(row, true)).toEqual({ events: [{ time, age: 1, job: null }] });
  });

  it.each(['soon', '21.01.2026', '2026-02-30', '1e9'])(
    'with no such time go to quarantine: %s',
    async (written) => {
      const event = `{"at":"${written}","age":"1"}`;
      const told = (where: string) => [
        'invalid-timestamp',
        expect.stringMatching(`^${where}column "at" is no time: write RFC 3339, with or without`),
        expect.stringMatching(`^{"at":"${written}`),
      ];
      expect(await read(configOf('csv', `at,age\n2026-01-21,2\n${written},1\n`))).toEqual([
        expect.any(String),
        told('line 3: '),
      ]);
      expect(await read(configOf('json', `[${event}]`))).toEqual([told('')]);
    },
  );
});

describe('records of rows with types', () => {
  const at = new Date('2026-01-21T12:53:20Z');

  it('come from Parquet with their types', async () => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'at', data: [at, at, at] },
        { name: 'age', data: [39.5, Infinity, NaN], type: 'DOUBLE' },
        { name: 'job', data: ['007', null, 'x'] },
        { name: 'paid', data: [true, false, null] },
        { name: '__proto__', data: [1, 2, 3] },
      ],
    });
    const rows = await read(configOf('parquet', new Uint8Array(buffer)));
    expect(rows).toEqual([
      '{"at":"2026-01-21T12:53:20.000Z","age":39.5,"job":"007","paid":true,"__proto__":1}',
      '{"at":"2026-01-21T12:53:20.000Z","age":1e999,"job":null,"paid":false,"__proto__":2}',
      '{"at":"2026-01-21T12:53:20.000Z","age":"NaN","job":"x","paid":null,"__proto__":3}',
    ]);
    expect(rows.map((row) => decoded(row, false))).toMatchObject([
      { events: [{ age: 39.5, job: '007', paid: true }] },
      { events: [{ age: Infinity, job: null, paid: false }] },
      { events: [{ age: 'NaN', job: 'x', paid: null }] },
    ]);
    expect(await read(configOf('parquet', new Uint8Array(buffer)), 2)).toEqual([
      null,
      null,
      rows[2],
    ]);
  });

  it('come from JSON, as a list or as columns', async () => {
    const row = '{"at":1769000000000,"age":39,"job":"007"}';
    expect(await read(configOf('json', `[${row},{"age":1}]`))).toEqual([row, '{"age":1}']);
    const columns = '{"at":[1769000000],"age":[39],"job":["007"]}';
    expect(await read(configOf('json', gzipSync(columns), 'y.json.gz'))).toEqual([row]);
  });
});
