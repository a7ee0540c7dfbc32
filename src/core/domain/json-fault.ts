const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS = ['true', 'false', 'null'];
const ESCAPE = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

/**
 * Where a text is no JSON: the index of the first character that cannot be there, its length when it ends too early. What
 * JSON.parse says tells that only of some mistakes, and quotes the text.
 */
export function jsonFaultAt(text: string): number {
  /** What is open: its closing bracket. */
  const open: ('}' | ']')[] = [];
  let at = skip(SPACE, text, 0);
  for (;;) {
    // A value stands here.
    const first = text[at];
    if (first === '{' || first === '[') {
      const close = first === '{' ? '}' : ']';
      at = skip(SPACE, text, at + 1);
      if (text[at] !== close) {
        open.push(close);
        if (close === ']') continue;
        const value = pastName(text, at);
        if (value.fault !== null) return value.fault;
        at = value.end;
        continue;
      }
      at += 1;
    } else {
      const value = pastScalar(text, at);
      if (value.fault !== null) return value.fault;
      at = value.end;
    }
    // Behind a value: what is open closes, or goes on.
    for (;;) {
      at = skip(SPACE, text, at);
      const close = open.at(-1);
      if (close === undefined) return at;
      if (text[at] === close) {
        open.pop();
        at += 1;
        continue;
      }
      if (text[at] !== ',') return at;
      at = skip(SPACE, text, at + 1);
      if (close === ']') break;
      const value = pastName(text, at);
      if (value.fault !== null) return value.fault;
      at = value.end;
      break;
    }
  }
}

/** Where something ends, or where it is wrong. */
interface Passed {
  readonly end: number;
  readonly fault: number | null;
}

const wrong = (fault: number): Passed => ({ end: fault, fault });

/** A name, the colon, and the blanks around it. */
function pastName(text: string, at: number): Passed {
  if (text[at] !== '"') return wrong(at);
  const name = pastText(text, at);
  if (name.fault !== null) return name;
  const colon = skip(SPACE, text, name.end);
  if (text[colon] !== ':') return wrong(colon);
  return { end: skip(SPACE, text, colon + 1), fault: null };
}

function pastScalar(text: string, at: number): Passed {
  if (text[at] === '"') return pastText(text, at);
  const literal = LITERALS.find((one) => text.startsWith(one, at));
  const end = literal === undefined ? skip(NUMBER, text, at) : at + literal.length;
  return end === at ? wrong(at) : { end, fault: null };
}

function pastText(text: string, start: number): Passed {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { end: at + 1, fault: null };
    if (code < 0x20) return wrong(at);
    if (code !== 0x5c) continue;
    const end = skip(ESCAPE, text, at);
    if (end === at) return wrong(at);
    at = end - 1;
  }
  return wrong(text.length);
}

/** @returns the end of what the pattern matches at a place; the place when it does not */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The same in words; characters are counted from 1, in UTF-16 units. @param at what `jsonFaultAt` said of the text */
export function jsonFaultInWords(text: string, at: number): string {
  return at < text.length ? `character ${at + 1} cannot stand there` : 'it ends too early';
}
