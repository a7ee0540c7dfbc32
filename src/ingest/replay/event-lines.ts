import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import type { ReplayConfig } from '../../config/types.ts';

/**
 * The lines of a file as native events in JSON. NDJSON: each line that is not blank is one. CSV: each row becomes one,
 * with every column but the time as a feature; numbers are numbers, an empty field is missing.
 */
export async function* eventLines(
  lines: AsyncIterable<string>,
  config: ReplayConfig,
): AsyncGenerator<string> {
  if (config.format === 'ndjson') {
    for await (const line of lines) if (line.trim() !== '') yield line;
    return;
  }
  const rows = Readable.from(withBreaks(lines)).pipe(parse({ columns: true, bom: true }));
  for await (const row of rows as AsyncIterable<Record<string, string>>)
    yield rowToEvent(row, config);
}

async function* withBreaks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

const ZONED = /(?:[Zz]|[+-]\d{2}:?\d{2})$/;

function rowToEvent(row: Record<string, string>, { model, timeColumn }: ReplayConfig): string {
  const features: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(row)) {
    if (name !== timeColumn) features[name] = valueOf(text);
  }
  const time = timeColumn === null ? undefined : row[timeColumn];
  // A time without a zone is taken as UTC.
  const ts = time === undefined || time === '' ? undefined : ZONED.test(time) ? time : `${time}Z`;
  return JSON.stringify({ model, ts, features });
}

function valueOf(text: string): string | number | null {
  if (text === '') return null;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
}
