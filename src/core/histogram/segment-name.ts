import { categoryKey } from './category-key.ts';

/** How the segment of an attribute's values that have none of their own ends; no segment of a value ends so. */
export const OTHER_VALUES = '=(other)';

/** A value that would be taken for the shared segment has one of these more than it comes with. */
const ESCAPE = '\\';
const LOOKS_SHARED = /(^|=)(\\*\(other\))$/;

/** The segment of one value of an attribute, the same for training rows and live events: `country=DE`. */
export function segmentOfValue(attribute: string, value: string): string {
  const key = categoryKey(value);
  return `${attribute}=${key.endsWith(')') ? key.replace(LOOKS_SHARED, `$1${ESCAPE}$2`) : key}`;
}
