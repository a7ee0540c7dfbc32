import type { RowValue } from '../../core/baseline/row-value.ts';

/** Values of one column in 9 bytes each; equal texts are kept once. */
export interface Column {
  /** What a value is: `KIND`. */
  readonly kinds: Uint8Array;
  /** Numbers, times in ms, 0 or 1, places in `texts`. */
  readonly values: Float64Array;
  readonly texts: readonly string[];
}

const KIND = { missing: 0, number: 1, text: 2, boolean: 3, time: 4 } as const;

export interface ColumnWriter extends Column {
  /** @param isTime numbers are times, ms since the epoch */
  set(row: number, value: RowValue, isTime: boolean): void;
}

export function createColumn(rows: number): ColumnWriter {
  const kinds = new Uint8Array(rows);
  const values = new Float64Array(rows);
  const texts: string[] = [];
  const codes = new Map<string, number>();

  function codeOf(text: string): number {
    let code = codes.get(text);
    if (code === undefined) {
      code = texts.length;
      texts.push(text);
      codes.set(text, code);
    }
    return code;
  }

  function put(row: number, kind: number, value: number): void {
    kinds[row] = kind;
    values[row] = value;
  }

  return {
    kinds,
    values,
    texts,
    set(row, value, isTime) {
      if (value === null) return;
      if (typeof value === 'number') put(row, isTime ? KIND.time : KIND.number, value);
      else if (typeof value === 'string') put(row, KIND.text, codeOf(value));
      else put(row, KIND.boolean, value ? 1 : 0);
    },
  };
}

/** One value; times as RFC 3339. */
export function valueAt({ kinds, values, texts }: Column, row: number): RowValue {
  const value = values[row] as number;
  switch (kinds[row]) {
    case KIND.number:
      return value;
    case KIND.text:
      return texts[value] as string;
    case KIND.boolean:
      return value === 1;
    case KIND.time:
      // A time that no calendar has is a value that nobody can read.
      return Math.abs(value) <= 8.64e15 ? new Date(value).toISOString() : 'Invalid Date';
    default:
      return null;
  }
}
