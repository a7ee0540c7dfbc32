/** Characters of a name in a sentence. */
const MAX_SHOWN = 60;
/** What breaks or steers a line, or reorders it: no name needs them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;

/**
 * A name of a stranger in a sentence: as it is where it is a plain word, else in quotes, at most 60 characters of it, and
 * with U+FFFD for what would break, steer or reorder the line.
 */
export function shownName(name: string): string {
  if (/^[\w.-]{1,60}$/.test(name)) return name;
  const text = name.toWellFormed().replace(HIDDEN, '\uFFFD');
  return JSON.stringify(
    text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 1).toWellFormed()}…`,
  );
}

/** "a, b, c and 4 more" @param names at least one @param most of them by name */
export function shownNames(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map(shownName).join(', ');
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}
