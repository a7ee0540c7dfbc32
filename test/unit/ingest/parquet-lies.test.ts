import { parquetMetadataAsync } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';

import { assertFooter, guardedCompressors } from '../../../src/ingest/rows/parquet-guard.ts';
import { openRowFile } from '../../../src/ingest/rows/row-file.ts';
import type { RowLimits } from '../../../src/ingest/rows/row-file.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

const LIMITS: RowLimits = { unpackedBytes: 2 ** 34, lineBytes: 2 ** 22, columns: 10_000 };
const ROWS = 20_000;

/** One column of many values, packed; its first page's header begins behind the magic number. */
const honest = (codec: 'SNAPPY' | 'UNCOMPRESSED' = 'SNAPPY'): Buffer<ArrayBuffer> =>
  Buffer.from(
    parquetWriteBuffer({
      columnData: [{ name: 'x', data: Array.from({ length: ROWS }, (_, i) => (i * 7) % 1_000) }],
      codec,
    }),
  );

/** Thrift's whole numbers in compact form, as large as they get in the same bytes. */
function raise(bytes: Buffer, at: number): number {
  let end = at;
  while (((bytes[end] as number) & 0x80) !== 0) end += 1;
  for (let i = at; i < end; i += 1) bytes[i] = 0xfe | 0x80;
  bytes[end] = 0x7f;
  return end + 1;
}
const skip = (bytes: Buffer, at: number): number =>
  ((bytes[at] as number) & 0x80) === 0 ? at + 1 : skip(bytes, at + 1);

async function readAll(bytes: Buffer<ArrayBuffer>, limits = LIMITS): Promise<number> {
  const file = openRowFile(await temporaryFile('rows.parquet', new Uint8Array(bytes)), limits);
  await file.columns();
  let rows = 0;
  for await (const _ of file.rows()) rows += 1;
  return rows;
}

describe('Parquet that lies about its pages', () => {
  it('is read while it does not', async () => {
    expect(await readAll(honest())).toBe(ROWS);
  });

  // Header of a page: field 1 its type, field 2 bytes unpacked, field 3 bytes packed, field 5 what is in it.
  it('a page that says it is larger than it is', async () => {
    const lying = honest('UNCOMPRESSED');
    expect(lying.subarray(4, 7).toString('hex')).toMatch(/^15..15/);
    raise(lying, 7);
    await expect(readAll(lying)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/^rows\.parquet: .*page length/) as string,
    });
  });

  it('a page that says it has more values than it has', async () => {
    const lying = honest();
    const packed = skip(lying, 7) + 1;
    // After the packed size comes the struct of the data page, whose first field counts values.
    const values = skip(lying, packed) + 2;
    expect(lying[values - 1]).toBe(0x15);
    raise(lying, values);
    await expect(readAll(lying)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('rows.parquet: ') as string,
    });
  });

  it('a page that says it has gigabytes is not unpacked', () => {
    const unpack = guardedCompressors('rows.parquet')['ZSTD'];
    for (const length of [2 ** 31 - 1, -1]) {
      expect(() => unpack?.(new Uint8Array(8), length)).toThrow(
        `rows.parquet: a page says it has ${length} bytes, at most 268435456 are unpacked`,
      );
    }
  });
});

describe('a footer', () => {
  async function footer(columns: number, rows: bigint, unpacked = 100n) {
    const bytes = honest();
    const metadata = await parquetMetadataAsync(bytes.buffer);
    const [group] = metadata.row_groups;
    const chunk = group?.columns[0]?.meta_data;
    if (group === undefined || chunk === undefined) throw new Error('no column');
    const meta = { ...chunk, num_values: rows, total_uncompressed_size: unpacked };
    const all = Array.from({ length: columns }, () => ({
      file_offset: 0n,
      meta_data: { ...meta, total_compressed_size: 1n },
    }));
    return {
      ...metadata,
      num_rows: rows,
      row_groups: [{ ...group, num_rows: rows, columns: all }],
    };
  }
  const check = (
    metadata: Awaited<ReturnType<typeof footer>>,
    limits: RowLimits | undefined = LIMITS,
  ) => {
    assertFooter(metadata, metadata.row_groups[0]?.columns.length ?? 0, 1e6, 'f', limits);
  };

  it('of rows and columns that runs make out of nothing is refused', async () => {
    check(await footer(25, 1_000_000n));
    const bomb = await footer(10_000, 2_000_000n);
    expect(() => {
      check(bomb);
    }).toThrow(
      'f: it has 2000000 rows of 10000 columns, at most 2147483648 values are taken of a file of its size',
    );
    expect(() => {
      check(bomb, { ...LIMITS, columns: 9_999 });
    }).toThrow('f: it has 10000 columns, at most 9999 are taken');
  });

  it('of chunks that unpack to too much is refused', async () => {
    const large = await footer(4, 1_000n, 2n ** 33n);
    expect(() => {
      check(large);
    }).toThrow('f: unpacked it is larger than 17179869184 bytes');
  });

  it('of a real file of runs is refused', async () => {
    const data = new Int32Array(200_000);
    const bytes = Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'x', data }] }));
    expect(bytes.length).toBeLessThan(2_000);
    await expect(readAll(bytes, { ...LIMITS, unpackedBytes: 150_000 })).rejects.toThrow(
      /it has 200000 rows of 1 columns/,
    );
  });
});
