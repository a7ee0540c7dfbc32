import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column } from './column.ts';

/** Bytes of a value on disk: its kind and a double. */
export const CELL_BYTES = 9;

/** Columns of equal length on disk, written whole and read back a slice of rows at a time. */
export interface Spill {
  add(column: Column): Promise<void>;
  /** One column each, in the order they were added. The arrays are used again by the next call. */
  read(from: number, rows: number): Promise<readonly Column[]>;
  close(): Promise<void>;
}

/** @param rows of each column @param slice rows that are read at once, at most */
export async function openSpill(rows: number, slice: number): Promise<Spill> {
  const folder = await mkdtemp(join(tmpdir(), 'driftd-columns-'));
  const file = await open(join(folder, 'columns'), 'w+', 0o600);
  // Nothing is left of it, however the process ends: an open file needs no name.
  await rm(folder, { recursive: true });
  const texts: (readonly string[])[] = [];
  const buffers: { readonly kinds: Uint8Array; readonly values: Float64Array }[] = [];
  return {
    async add(column) {
      const at = texts.length * rows * CELL_BYTES;
      await file.write(column.kinds, 0, rows, at);
      await file.write(bytesOf(column.values), 0, rows * 8, at + rows);
      texts.push(column.texts);
      buffers.push({ kinds: new Uint8Array(slice), values: new Float64Array(slice) });
    },
    async read(from, count) {
      for (const [i, { kinds, values }] of buffers.entries()) {
        const at = i * rows * CELL_BYTES;
        await file.read(kinds, 0, count, at + from);
        await file.read(bytesOf(values), 0, count * 8, at + rows + from * 8);
      }
      return buffers.map((buffer, i) => ({ ...buffer, texts: texts[i] ?? [] }));
    },
    close: () => file.close(),
  };
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
