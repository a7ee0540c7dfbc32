import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { DeclaredFeature } from '../../src/core/baseline/sampler.ts';

/** The real flights of data/: every twelfth departure of 2013 (see data/README.md). An empty field is missing. */
export interface Flights {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Time of each row, ms since the epoch. */
  readonly times: readonly number[];
}

export const FLIGHT_DECLARATIONS: ReadonlyMap<string, DeclaredFeature> = new Map<
  string,
  DeclaredFeature
>([
  ['id', { ignore: true }],
  ['ts', { ignore: true }],
  ['late', { kind: 'categorical', role: 'label' }],
  ['score', { role: 'prediction' }],
]);

export function readFlights(): Flights {
  const file = new URL('../../data/nyc_flights_2013_1in12.csv.gz', import.meta.url);
  const [header = '', ...lines] = gunzipSync(readFileSync(file))
    .toString('utf8')
    .trim()
    .split('\n');
  const columns = header.split(',');
  const ts = columns.indexOf('ts');
  const rows = lines.map((line) => line.split(',').map((field) => (field === '' ? null : field)));
  return { columns, rows, times: rows.map((row) => Date.parse(`${row[ts] ?? ''}Z`)) };
}
