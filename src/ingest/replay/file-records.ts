import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ReplayConfig } from '../../config/types.ts';
import { LIMITS } from '../decoder.ts';
import { openRowFile } from '../rows/row-file.ts';
import { csvRecords } from './csv-records.ts';
import { eventRecord, faulty } from './file-record.ts';
import type { FileRecord, FileRecords } from './file-record.ts';
import { linesOf } from './lines.ts';
import { rowWriter } from './row-event.ts';

/** Rows handed on at once. */
const ROWS = 500;

/**
 * The records of a file from one of them on, in order, the same on every reading: a line or a row each.
 * @param from records before this one come as null
 * @throws DriftdError | Error when the file cannot be read, or is not of its format
 */
export function fileRecords(config: ReplayConfig, from: number): FileRecords {
  const timeColumn = config.mapping.time ?? 'ts';
  switch (config.format) {
    case 'ndjson':
      return lineRecords(bytesOf(config.path), from);
    case 'csv':
      return csvRecords(
        bytesOf(config.path),
        { recordBytes: LIMITS.recordBytes, from },
        (columns) => rowWriter(columns, timeColumn),
      );
    case 'json':
    case 'parquet':
      return rowRecords(config.path, config.format, timeColumn, from);
  }
}

/** Lines as they are: what is wrong with one, its decoder finds. */
async function* lineRecords(chunks: AsyncIterable<Buffer>, from: number): FileRecords {
  let offset = 0;
  for await (const lines of linesOf(chunks, LIMITS.recordBytes)) {
    const records: (FileRecord | null)[] = [];
    for (const { number, bytes, cut } of lines) {
      if (offset < from) records.push(null);
      else if (cut === 0) records.push({ value: bytes });
      else
        records.push(faulty(bytes, 'too-large', `line ${number} has ${bytes.length + cut} bytes`));
      offset += 1;
    }
    yield records;
  }
}

async function* rowRecords(
  path: string,
  format: 'json' | 'parquet',
  timeColumn: string,
  from: number,
): FileRecords {
  const packed = format === 'json' && path.endsWith('.gz');
  const file = openRowFile(path, undefined, packed ? '.json.gz' : `.${format}`);
  const write = rowWriter(await file.columns(), timeColumn);
  let records: (FileRecord | null)[] = [];
  let offset = 0;
  for await (const row of file.rows()) {
    records.push(offset < from ? null : eventRecord(write(row)));
    offset += 1;
    if (records.length < ROWS) continue;
    yield records;
    records = [];
  }
  if (records.length > 0) yield records;
}

function bytesOf(path: string): AsyncIterable<Buffer> {
  const raw = createReadStream(path);
  if (!path.endsWith('.gz')) return raw;
  // Whoever reads the bytes is told of errors of either.
  return pipeline(raw, createGunzip(), () => undefined);
}
