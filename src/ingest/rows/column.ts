import type { RowValue } from '../../core/baseline/row-value.ts';

/** Values of one column in 9 bytes each; equal texts are kept once. */
export interface Column {
  set(row: number, value: RowValue | Date): void;
  /** Times come back as RFC 3339. */
  get(row: number): RowValue;
}

const KIND = { missing: 0, number: 1, text: 2, boolean: 3, time: 4 } as const;

export function createColumn(rows: number): Column {
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

  return {
    set(row, value) {
      if (value === null) return;
      if (typeof value === 'number') {
        kinds[row] = KIND.number;
        values[row] = value;
      } else if (typeof value === 'string') {
        kinds[row] = KIND.text;
        values[row] = codeOf(value);
      } else if (typeof value === 'boolean') {
        kinds[row] = KIND.boolean;
        values[row] = value ? 1 : 0;
      } else {
        kinds[row] = KIND.time;
        values[row] = value.getTime();
      }
    },
    get(row) {
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
          return Number.isFinite(value) ? new Date(value).toISOString() : 'Invalid Date';
        default:
          return null;
      }
    },
  };
}
