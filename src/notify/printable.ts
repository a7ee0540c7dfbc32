/** Control characters and the marks that reorder text are shown as U+FFFD: a name must not disguise the line it is in. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
