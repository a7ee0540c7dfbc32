import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';

/** The flights' features: what the model was given, and what it said. Labels come later and are not part of the event. */
export const NUMERIC_INPUTS = [
  'distance',
  'sched_hour',
  'temp',
  'humid',
  'wind_speed',
  'precip',
  'pressure',
  'visib',
] as const;
export const CATEGORICAL_INPUTS = ['carrier', 'origin', 'dest'] as const;

export const FLIGHTS_FILE = new URL('../../data/nyc_flights_2013_1in12.csv.gz', import.meta.url);

/** One departure, as the file has it; an empty field is a missing value. */
export interface Flight {
  readonly id: string;
  /** Local time of departure, taken as UTC; ms since the epoch. */
  readonly time: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** The flights of 2013 in time order, from..to in ms since the epoch (to excluded). */
export async function* readFlights(from = -Infinity, to = Infinity): AsyncGenerator<Flight> {
  const rows = createReadStream(FLIGHTS_FILE)
    .pipe(createGunzip())
    .pipe(parse({ columns: true }));
  for await (const fields of rows as AsyncIterable<Record<string, string>>) {
    const time = Date.parse(`${fields['ts'] ?? ''}Z`);
    if (time >= from && time < to) yield { id: fields['id'] ?? '', time, fields };
  }
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text);
}

/** A flight as the prediction event its model would have put on the topic. */
export function toEvent(flight: Flight, model: string): Record<string, unknown> {
  const features: Record<string, number | string | null> = {};
  for (const name of NUMERIC_INPUTS) features[name] = numberOrNull(flight.fields[name]);
  for (const name of CATEGORICAL_INPUTS) {
    const text = flight.fields[name] ?? '';
    features[name] = text === '' ? null : text;
  }
  return {
    id: flight.id,
    model,
    ts: new Date(flight.time).toISOString(),
    features,
    prediction: numberOrNull(flight.fields['score']),
  };
}
