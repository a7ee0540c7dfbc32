/** Reading plain data of unknown origin, field by field, with errors that name the place. */

/** A document that is no baseline; the message names the feature and the field. */
export class BaselineDocumentError extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
    this.name = 'BaselineDocumentError';
  }
}

export type Fields = Record<string, unknown>;

export function object(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BaselineDocumentError(where, 'must be an object');
}

export function list(value: unknown, key: string, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BaselineDocumentError(where, `"${key}" must be a list`);
}

export function text(fields: Fields, key: string, where: string): string {
  const value = fields[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new BaselineDocumentError(where, `"${key}" must be a text`);
}

export function oneOf<T extends string>(
  fields: Fields,
  key: string,
  allowed: readonly T[],
  where: string,
): T {
  const value = fields[key];
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw new BaselineDocumentError(where, `"${key}" must be one of ${allowed.join(', ')}`);
}

/** JSON has no infinities: they are the texts `Infinity`, `-Infinity` and `NaN`. */
export function numberToData(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A finite number, or one of the texts that `numberToData` makes. */
export function number(value: unknown, key: string, where: string): number {
  if (typeof value === 'number') return value;
  if (value === 'Infinity' || value === '-Infinity' || value === 'NaN') return Number(value);
  throw new BaselineDocumentError(where, `"${key}" must be a number`);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A whole number, 0 or more. @param fallback what an absent field means; without it the field must be there */
export function count(fields: Fields, key: string, where: string, fallback?: number): number {
  const value = fields[key] ?? fallback;
  if (isCount(value)) return value;
  throw new BaselineDocumentError(where, `"${key}" must be a whole number, 0 or more`);
}

export function counts(fields: Fields, key: string, where: string): number[] {
  const values = list(fields[key], key, where);
  if (values.every(isCount)) return values;
  throw new BaselineDocumentError(where, `"${key}" must hold whole numbers, 0 or more`);
}

/** Whole numbers of either sign, such as hours since the epoch. */
export function integers(fields: Fields, key: string, where: string): number[] {
  const values = list(fields[key], key, where);
  const whole = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  if (values.every(whole)) return values;
  throw new BaselineDocumentError(where, `"${key}" must hold whole numbers`);
}

/** Reads as many counts as `target` has places. */
export function fill(target: Float64Array, fields: Fields, key: string, where: string): void {
  const values = counts(fields, key, where);
  if (values.length !== target.length) {
    throw new BaselineDocumentError(
      where,
      `"${key}" has ${values.length} entries, the binning asks for ${target.length}`,
    );
  }
  target.set(values);
}
