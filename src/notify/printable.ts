/** Control characters and the marks that reorder text are shown as U+FFFD: a name must not disguise the line it is in. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}

/** The same for text of several lines: their ends stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** At most `limit` characters; what is cut ends with an ellipsis. */
export function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
