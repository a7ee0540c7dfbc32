import { z } from 'zod';

/** Fields that routes share. What JSON Schema cannot say is not asked of a caller: the document tells the whole truth. */

/** A name as people give it: no control characters, no line ends. */
const NAME = String.raw`^[^\u0000-\u001f\u007f-\u009f]+$`;

export const name = (description: string, max = 128) =>
  z.string().min(1).max(max).regex(new RegExp(NAME)).meta({ description });

export const modelParams = z.object({ model: name('Name of the model.') });

const instant = z.iso.datetime({ offset: true });

export const instantOut = (description: string) => z.iso.datetime().meta({ description });
export const instantIn = (description: string) => instant.meta({ description });

export const count = (description: string) => z.int().min(0).meta({ description });

/** Numbers in a query are text. */
export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(500)
  .default(100)
  .meta({ description: 'Items of a page at most.' });

/** An id that ends a page: what follows comes after it. */
export const idCursor = z
  .string()
  .regex(/^[0-9]{1,15}$/)
  .meta({ description: '`next` of the page before.' })
  .optional();

export const page = z.object({ limit, cursor: idCursor });

export const timeRange = z.object({
  from: instantIn('From this instant on.').optional(),
  to: instantIn('Before this instant.').optional(),
});

/** The answer to a question for a list. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z
      .string()
      .nullable()
      .meta({ description: 'Give it as `cursor` for the next page; null: this is the last.' }),
  });
}

export const iso = (time: number): string => new Date(time).toISOString();
export const isoOrNull = (time: number | null): string | null => (time === null ? null : iso(time));

/** ms since the epoch; times before it, which no event has, are the epoch. */
export const timeOf = (text: string | undefined): number | null =>
  text === undefined ? null : Math.max(0, Date.parse(text));

export const cursorOf = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text);

/** One item more than the page holds was asked for: is there a next page? */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  size: number,
  show: (row: Row) => Item,
  keyOf: (row: Row) => string,
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  return {
    items: shown.map(show),
    next: rows.length > size && last !== undefined ? keyOf(last) : null,
  };
}
