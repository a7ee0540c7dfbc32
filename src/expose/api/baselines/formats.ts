/** What an upload can be, and the ending of a file that is so. */
export const FORMATS = ['csv', 'ndjson', 'json', 'parquet', 'document'] as const;
export type Format = (typeof FORMATS)[number];

export const ENDING_OF: Readonly<Record<Format, string>> = {
  csv: '.csv',
  ndjson: '.ndjson',
  json: '.json',
  parquet: '.parquet',
  document: '.baseline.json',
};
