/** A list is read an element at a time; one of more than this is none that a row can be. */
const MAX_ELEMENT_LENGTH = 64 * 1024 * 1024;

/** What is wrong with the text of a list, in words. */
export class JsonListError extends Error {}

/** Does a text begin as a list does? null: it has only blanks so far. */
export function beginsList(text: string): boolean | null {
  const first = /[^\s\uFEFF]/.exec(text)?.[0];
  return first === undefined ? null : first === '[';
}

/**
 * The texts of a JSON list's elements, one after the other, in the memory of one; they are not parsed.
 * @param chunks the whole text in pieces, cut anywhere
 * @throws JsonListError where a list does not end, or something follows it
 */
export async function* elementsOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  // Places: before the list, between its brackets, behind it.
  let place = 'before' as 'before' | 'in' | 'after';
  let depth = 0;
  let isString = false;
  let isEscaped = false;
  let element = '';
  let found = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const char = chunk.charCodeAt(i);
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (char === BACKSLASH) isEscaped = true;
        else if (char === QUOTE) isString = false;
      } else if (place !== 'in') {
        if (isBlank(char)) continue;
        if (place === 'after') throw new JsonListError('something follows the list');
        if (char !== OPEN_LIST) throw new JsonListError('it is no list');
        place = 'in';
        from = i + 1;
      } else if (char === QUOTE) isString = true;
      else if (char === OPEN_LIST || char === OPEN_OBJECT) depth += 1;
      else if (depth > 0) {
        if (char === CLOSE_LIST || char === CLOSE_OBJECT) depth -= 1;
      } else if (char === COMMA || char === CLOSE_LIST) {
        element += chunk.slice(from, i);
        from = i + 1;
        if (char === CLOSE_LIST) place = 'after';
        // A list without elements; elsewhere nothing between commas is an element that cannot be parsed.
        if (char === COMMA || found > 0 || element.trim() !== '') {
          found += 1;
          yield element;
        }
        element = '';
      }
    }
    if (place === 'in') element += chunk.slice(from);
    if (element.length > MAX_ELEMENT_LENGTH)
      throw new JsonListError(`entry ${found} is longer than ${MAX_ELEMENT_LENGTH} characters`);
  }
  if (place !== 'after') throw new JsonListError('the list does not end');
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BYTE_ORDER_MARK = 0xfeff;

function isBlank(char: number): boolean {
  return char === 0x20 || (char >= 0x09 && char <= 0x0d) || char === BYTE_ORDER_MARK;
}
